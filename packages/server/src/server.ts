import { OpenAPIHono } from '@hono/zod-openapi'
import { methodNotAllowed } from 'hono/method-not-allowed'
import { systemClock } from 'potoroo'
import { Door } from './access/door.ts'
import { noStore, securityHeaders } from './access/headers.ts'
import { Hosts } from './access/hosts.ts'
import { ownSite } from './access/site.ts'
import { Tokens } from './access/tokens.ts'
import { Tries } from './access/tries.ts'
import { isFault, toProblem } from './errors.ts'
import { EventHub } from './events/hub.ts'
import { Held } from './held.ts'
import { invalid } from './invalid.ts'
import { Metrics } from './metrics.ts'
import { onlyErrors } from './only-errors.ts'
import type { RequestInfo, Server, ServerEnv, ServerOptions } from './options.ts'
import { problem } from './problem.ts'
import { respond } from './respond.ts'
import { Queues, type RouteContext } from './routes/context.ts'
import { declareShared } from './routes/document.ts'
import { eventRoutes } from './routes/events.ts'
import { jobRoutes } from './routes/jobs.ts'
import { queueRoutes } from './routes/queues.ts'
import { serviceRoutes } from './routes/service.ts'

/**
 * The HTTP API of durable queues, as a function from request to answer: mount it in any server.
 *
 * @throws TypeError ERR_SAME_NAME if two queues have one name, ERR_INVALID_TOKEN if a token cannot be sent or both are the same
 *
 * @example
 * const server = createServer({ queues: [queue], adminToken, hosts: ['localhost:3000'] })
 * const answer = await server.fetch(new Request('http://localhost:3000/healthz'))
 */
export function createServer(options: ServerOptions): Server {
  const { clock = systemClock, ready = () => true, onError = () => {}, onRequest, registry } = options
  const queues = new Queues(options.queues)
  const hosts = new Hosts(options.hosts)
  const tries = new Tries(clock)
  const door = new Door(new Tokens(options.adminToken, options.readToken), tries, hosts)
  const held = new Held()
  const hub = new EventHub(queues.all, clock)
  const metrics = new Metrics({
    queues: queues.all,
    streams: () => hub.size,
    registry,
    onRequest,
    onError: (error) => onError(error, { method: 'GET', path: '/metrics' }),
  })

  const app = new OpenAPIHono<ServerEnv>({
    defaultHook: (result) => {
      if (!result.success) throw invalid(result.error.issues)
    },
  })
  app.onError((error, c) => {
    if (isFault(error)) onError(error, { method: c.req.method, path: c.req.path })
    return respond(c, toProblem(error))
  })
  app.notFound((c) => respond(c, problem('ERR_NOT_FOUND')))

  app.use(metrics.observe)
  app.use(securityHeaders())
  app.use(onlyErrors)
  app.use(ownSite(hosts))
  app.use(
    methodNotAllowed({
      app,
      onMethodNotAllowed: (c, methods) =>
        respond(c, problem('ERR_METHOD_NOT_ALLOWED', undefined, { headers: { allow: methods.join(', ') } })),
    }),
  )
  for (const path of ['/api/*', '/metrics', '/admin']) app.use(path, noStore)
  for (const path of ['/api/*', '/metrics']) app.use(path, door.requireToken)
  app.get('/admin', door.signIn)

  const context: RouteContext = { app, queues, held, clock }
  declareShared(app)
  jobRoutes(context)
  queueRoutes(context)
  eventRoutes(context, hub)
  serviceRoutes(context, metrics, ready)
  options.routes?.(app, { requireToken: door.requireToken })

  return {
    async fetch(request: Request, info: RequestInfo = { remoteAddress: '' }): Promise<Response> {
      try {
        return await app.fetch(request, { remoteAddress: info.remoteAddress })
      } catch (error) {
        // Only what fails while an error is answered, or in a callback, comes here.
        onError(error, { method: request.method, path: new URL(request.url).pathname })
        return Response.json(problem('ERR_INTERNAL'), { status: 500, headers: { 'content-type': 'application/problem+json' } })
      }
    },
    close(): void {
      held.close()
      hub.close()
      tries.close()
      metrics.close()
    },
  }
}
