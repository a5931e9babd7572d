import type { OpenAPIHono } from '@hono/zod-openapi'
import { ERROR_CODES, problemSchema } from '@potoroo/protocol'
import type { ServerEnv } from '../options.ts'

/** The OpenAPI description of all routes that were declared on the app. */
export function describeApi(app: OpenAPIHono<ServerEnv>): Record<string, unknown> {
  return {
    ...app.getOpenAPI31Document({
      openapi: '3.1.0',
      info: { title: 'Potoroo', version: '1', license: { name: 'MIT' }, description },
      security: [{ token: [] }, { cookie: [] }],
      tags: [
        { name: 'Jobs', description: 'Put, look at, move, cancel and retry jobs' },
        { name: 'Queues', description: 'Look at queues; change width, rate and pause' },
        { name: 'Events', description: 'Follow what happens' },
        { name: 'Service', description: 'For those who run it' },
      ],
    }),
  }
}

const table = Object.entries(ERROR_CODES).map(([code, { status, meaning }]) => `| \`${code}\` | ${status} | ${meaning} |`)

const description = [
  'A durable queue over HTTP. Times are ISO 8601 with milliseconds; `delay`, `timeout` and `per` are milliseconds.',
  'Every `GET` answers `HEAD`, too. A path asked with a method that it does not have answers 405 with `Allow`.',
  'Unknown fields and parameters are refused. Every error is `application/problem+json` with a stable `code`:',
  ['| code | status | |', '|---|---|---|', ...table].join('\n'),
].join('\n\n')

/** What the routes refer to and none of them declares. */
export function declareShared(app: OpenAPIHono<ServerEnv>): void {
  // A copy: the generator's methods are only on schemas that were made after it was loaded.
  app.openAPIRegistry.register('Problem', problemSchema.describe('An error (RFC 9457).'))
  app.openAPIRegistry.registerComponent('securitySchemes', 'token', {
    type: 'http',
    scheme: 'bearer',
    description: 'The admin token; or the read-only one, for GET and HEAD',
  })
  app.openAPIRegistry.registerComponent('securitySchemes', 'cookie', {
    type: 'apiKey',
    in: 'cookie',
    name: 'potoroo',
    description: 'Set by opening `/admin?token=…`; its name ends in the port if there is one in the address',
  })
}
