import { createRoute } from '@hono/zod-openapi'
import {
  clearedSchema,
  MAX_BODY,
  noQuerySchema,
  type QueuePatch,
  queuePatchSchema,
  queueSchema,
  queuesSchema,
} from '@potoroo/protocol'
import type { SettingsPatch } from '@potoroo/queue'
import { limitBody } from '../body.ts'
import { toQueueJson } from '../json.ts'
import { apiErrors, BODY_ERRORS, CHANGE_ERRORS, json, QUEUE_ERRORS } from './answers.ts'
import { queueParams, type RouteContext } from './context.ts'

const tags = ['Queues']
const QUEUE = '/api/queues/{queue}'

/** The routes about queues. */
export function queueRoutes({ app, queues, clock }: RouteContext): void {
  app.openapi(list, async (c) => {
    const all = await Promise.all(queues.all.map(async (queue) => toQueueJson(queue.name, await queue.status(), clock.now())))
    return c.json({ queues: all }, 200)
  })

  app.openapi(get, async (c) => {
    const queue = queues.get(c.req.valid('param').queue)
    return c.json(toQueueJson(queue.name, await queue.status(), clock.now()), 200)
  })

  app.openapi(patch, async (c) => {
    const queue = queues.get(c.req.valid('param').queue)
    const status = await queue.update(toSettings(c.req.valid('json')))
    return c.json(toQueueJson(queue.name, status, clock.now()), 200)
  })

  app.openapi(clear, async (c) => {
    const cancelled = await queues.get(c.req.valid('param').queue).clear()
    return c.json({ cancelled }, 200)
  })
}

function toSettings({ width, rate, paused }: QueuePatch): SettingsPatch {
  return {
    ...(width === undefined ? {} : { width: width ?? Infinity }),
    ...(rate === undefined ? {} : { rate }),
    ...(paused === undefined ? {} : { paused }),
  }
}

const list = createRoute({
  method: 'get',
  path: '/api/queues',
  tags,
  summary: 'See all queues',
  request: { query: noQuerySchema },
  responses: { 200: json(queuesSchema, 'The queues'), ...apiErrors('ERR_QUEUE_STOPPED', 'ERR_STORE') },
})

const get = createRoute({
  method: 'get',
  path: QUEUE,
  tags,
  summary: 'See a queue',
  request: { params: queueParams, query: noQuerySchema },
  responses: { 200: json(queueSchema, 'The queue as it stands'), ...apiErrors(...QUEUE_ERRORS) },
})

const patch = createRoute({
  method: 'patch',
  path: QUEUE,
  tags,
  summary: 'Change width, rate or pause',
  description: 'What is left out stays. Answers once it is in force.',
  middleware: limitBody(MAX_BODY),
  request: {
    params: queueParams,
    query: noQuerySchema,
    body: { required: true, content: { 'application/json': { schema: queuePatchSchema } } },
  },
  responses: {
    200: json(queueSchema, 'The queue with its new settings'),
    ...apiErrors(...QUEUE_ERRORS, ...CHANGE_ERRORS, ...BODY_ERRORS),
  },
})

const clear = createRoute({
  method: 'post',
  path: `${QUEUE}/clear`,
  tags,
  summary: 'Cancel all that is pending',
  request: { params: queueParams, query: noQuerySchema },
  responses: {
    200: json(clearedSchema, 'How many were cancelled'),
    ...apiErrors(...QUEUE_ERRORS, ...CHANGE_ERRORS),
  },
})
