import { createRoute } from '@hono/zod-openapi'
import { noQuerySchema } from '@potoroo/protocol'
import { z } from 'zod'
import type { Metrics } from '../metrics.ts'
import { problem } from '../problem.ts'
import { apiErrors, errors, json } from './answers.ts'
import type { RouteContext } from './context.ts'
import { describeApi } from './document.ts'

const tags = ['Service']
const statusSchema = z.object({ status: z.literal('ok') })

/** The routes about the service itself. */
export function serviceRoutes({ app, queues, held }: RouteContext, metrics: Metrics, ready: () => boolean): void {
  app.openapi(health, (c) => c.json({ status: 'ok' as const }, 200))

  app.openapi(readiness, (c) => {
    if (held.closed || !ready() || queues.all.some((queue) => queue.stopped)) throw problem('ERR_STOPPING')
    return c.json({ status: 'ok' as const }, 200)
  })

  app.openapi(metricsRoute, async (c) => c.text(await metrics.scrape(), 200, { 'content-type': metrics.contentType }))

  let description: ReturnType<typeof describeApi> | undefined
  app.openapi(openapi, (c) => c.json((description ??= describeApi(app)), 200))
}

const health = createRoute({
  method: 'get',
  path: '/healthz',
  tags,
  security: [],
  summary: 'Whether the process lives',
  responses: { 200: json(statusSchema, 'It does'), ...errors('ERR_INTERNAL') },
})

const readiness = createRoute({
  method: 'get',
  path: '/readyz',
  tags,
  security: [],
  summary: 'Whether it takes work: not while it stops',
  responses: { 200: json(statusSchema, 'It does'), ...errors('ERR_STOPPING', 'ERR_INTERNAL') },
})

const metricsRoute = createRoute({
  method: 'get',
  path: '/metrics',
  tags,
  summary: 'Metrics for Prometheus',
  request: { query: noQuerySchema },
  responses: {
    200: { description: 'In its text format', content: { 'text/plain': { schema: z.string() } } },
    ...apiErrors(),
  },
})

const openapi = createRoute({
  method: 'get',
  path: '/openapi.json',
  tags,
  security: [],
  summary: 'This description',
  responses: {
    200: { description: 'OpenAPI 3.1', content: { 'application/json': { schema: z.looseObject({}) } } },
    ...errors('ERR_FOREIGN_HOST', 'ERR_FOREIGN_ORIGIN', 'ERR_INTERNAL'),
  },
})
