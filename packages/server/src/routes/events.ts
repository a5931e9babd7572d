import { createRoute } from '@hono/zod-openapi'
import { noQuerySchema } from '@potoroo/protocol'
import type { EventHub } from '../events/hub.ts'
import { apiErrors } from './answers.ts'
import type { RouteContext } from './context.ts'

/** The stream of events. */
export function eventRoutes({ app }: RouteContext, hub: EventHub): void {
  app.openapi(events, (c) => {
    const headers = {
      'content-type': 'text/event-stream; charset=utf-8',
      // nginx would collect the events otherwise, others would compress and so collect them.
      'x-accel-buffering': 'no',
      'cache-control': 'no-store, no-transform',
    }
    // Nobody would ever read, or end, the stream of a HEAD request.
    if (c.req.method === 'HEAD') return c.body(null, 200, headers)
    return c.body(hub.open(c.req.header('last-event-id') || undefined, c.req.raw.signal), 200, headers)
  })
}

const events = createRoute({
  method: 'get',
  path: '/api/events',
  tags: ['Events'],
  summary: 'Follow jobs and queues',
  description:
    'Server-sent events from now on. `job`: the data is the job as it stands after a change. `queue`: the data is the queue, ' +
    'at most about ten times a second each. `reset`: something was missed; read again what you show. Each event has an id; ' +
    'with `Last-Event-ID` the stream goes on after it if it can, and says `reset` if it cannot.',
  parameters: [
    {
      name: 'Last-Event-ID',
      in: 'header',
      required: false,
      description: 'The id of the last event that was seen; browsers send it when they connect again',
      schema: { type: 'string' },
    },
  ],
  request: { query: noQuerySchema },
  responses: {
    200: { description: 'The stream', content: { 'text/event-stream': { schema: { type: 'string' as const } } } },
    ...apiErrors('ERR_STOPPING', 'ERR_TOO_MANY_STREAMS'),
  },
})
