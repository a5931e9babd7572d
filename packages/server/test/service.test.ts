import { ERROR_CODES } from '@potoroo/protocol'
import { Counter, Registry } from 'prom-client'
import { describe, expect, it } from 'vitest'
import type { RequestReport } from '@potoroo/server'
import { ADMIN, JSON_TYPE, problemOf, startService, until, URL_ } from './service.ts'

describe('every answer', () => {
  it.each(['/healthz', '/api/queues', '/openapi.json', '/nothing', `/admin?token=${ADMIN}`, '/api/queues?x=1', '/metrics'])(
    'has the security headers: %s',
    async (path) => {
      await using service = await startService({ idle: true })
      const { headers } = await service.ask(path)
      const policy = headers.get('content-security-policy') ?? ''
      expect(policy).toContain("default-src 'none'")
      expect(policy).toContain("script-src 'self'")
      expect(policy).toContain("frame-ancestors 'none'")
      expect(policy).not.toContain('unsafe')
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('x-frame-options')).toBe('DENY')
      expect(headers.get('referrer-policy')).toBe('no-referrer')
      expect(headers.get('cross-origin-opener-policy')).toBe('same-origin')
      expect(headers.has('strict-transport-security')).toBe(false)
      expect(headers.has('access-control-allow-origin')).toBe(false)
    },
  )

  it.each(['/api/queues', '/api/nothing', '/metrics', '/api/queues/sms/jobs?x=1'])('under the API is kept by no cache: %s', async (path) => {
    await using service = await startService({ idle: true })
    expect((await service.ask(path)).headers.get('cache-control')).toBe('no-store')
  })

  it.each(['/healthz', '/api/queues', '/api/queues/sms', '/api/queues/sms/jobs', '/api/events', '/metrics', '/openapi.json'])(
    'to HEAD is that to GET without the body: %s',
    async (path) => {
      await using service = await startService({ idle: true })
      const response = await service.ask(path, { method: 'HEAD' })
      expect(response.status).toBe(200)
      expect(response.body).toBeNull()
      expect((await service.ask('/metrics').then((metrics) => metrics.text()))).toContain('potoroo_event_streams 0')
    },
  )
})

describe('health', () => {
  it('is ready until the caller, a queue, or the server says otherwise; alive all the time', async () => {
    let ready = false
    await using service = await startService({ idle: true, ready: () => ready })
    const statusOf = async (path: string): Promise<number> => (await service.server.fetch(new Request(URL_ + path))).status
    expect(await statusOf('/readyz')).toBe(503)
    ready = true
    expect(await statusOf('/readyz')).toBe(200)
    service.server.close()
    service.server.close()
    expect(await problemOf(await service.ask('/readyz'))).toMatchObject({ status: 503, code: 'ERR_STOPPING' })
    expect(await statusOf('/healthz')).toBe(200)
    await using other = await startService({ idle: true })
    await other.queue.stop()
    expect((await other.ask('/readyz')).status).toBe(503)
  })
})

describe('metrics', () => {
  it('tell jobs by state, width, rate, places, requests by route and the delay of the event loop', async () => {
    await using service = await startService({ queueOptions: { rate: { limit: 30, per: 60_000 } } })
    await service.client.putMany('sms', [1, 2, 3].map((arg) => ({ arg })))
    await until(() => service.calls.length === 2)
    await service.ask('/api/queues/sms/jobs/some-id')
    await service.ask('/api/whatever')
    await service.ask('/healthz', { method: 'BREW' })
    const response = await service.ask('/metrics')
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/)
    const text = await response.text()
    for (const line of [
      'potoroo_queue_jobs{queue="sms",state="pending"} 1',
      'potoroo_queue_jobs{queue="sms",state="underway"} 2',
      'potoroo_queue_width{queue="sms"} 2',
      'potoroo_queue_rate_per_second{queue="sms"} 0.5',
      'potoroo_queue_paused{queue="sms"} 0',
      'potoroo_queue_places_taken{queue="sms"} 2',
      'potoroo_queue_up{queue="sms"} 1',
      'http_request_duration_seconds_count{method="POST",route="/api/queues/:queue/jobs",status="201"} 1',
      'http_request_duration_seconds_count{method="GET",route="/api/queues/:queue/jobs/:id",status="404"} 1',
      'http_request_duration_seconds_count{method="GET",route="unmatched",status="404"} 1',
      'http_request_duration_seconds_count{method="OTHER",route="unmatched",status="405"} 1',
    ]) {
      expect(text.split('\n')).toContain(line)
    }
    expect(text).toMatch(/^potoroo_event_loop_delay_seconds\{quantile="0.99"\} [\d.e-]+$/m)
    expect(text).not.toContain('some-id')
  })

  it('are there when the store is not: without the numbers that nobody knows', async () => {
    await using service = await startService({ idle: true })
    await service.ask('/metrics')
    await service.queue.stop()
    const text = await (await service.ask('/metrics')).text()
    expect(text).toContain('potoroo_queue_up{queue="sms"} 0')
    expect(text).not.toMatch(/^potoroo_queue_(jobs|width)\{/m)
  })

  it("hold the caller's own", async () => {
    const registry = new Registry()
    new Counter({ name: 'sms_sent_total', help: 'Messages sent', registers: [registry] }).inc(7)
    await using service = await startService({ idle: true, registry })
    expect((await (await service.ask('/metrics')).text()).split('\n')).toContain('sms_sent_total 7')
  })
})

it('reports each request, with no query that may hold a token', async () => {
  const reports: RequestReport[] = []
  await using service = await startService({ idle: true, onRequest: (report) => reports.push(report) })
  await service.ask(`/admin?token=${ADMIN}`)
  await service.ask('/api/queues/sms', { from: '192.0.2.9' })
  expect(reports).toEqual([
    { method: 'GET', path: '/admin', route: '/admin', status: 303, durationMs: expect.any(Number), remoteAddress: '192.0.2.1' },
    {
      method: 'GET',
      path: '/api/queues/sms',
      route: '/api/queues/:queue',
      status: 200,
      durationMs: expect.any(Number),
      remoteAddress: '192.0.2.9',
    },
  ])
})

interface Operation {
  readonly parameters?: { readonly name: string; readonly in: string }[]
  readonly responses: Record<string, { readonly content: Record<string, { readonly schema: { allOf?: { properties?: { code: { enum: string[] } } }[] } }> }>
  readonly security?: unknown[]
}
interface Description {
  readonly openapi: string
  readonly info: { readonly description: string }
  readonly paths: Record<string, Record<string, Operation>>
  readonly components: { readonly schemas: Record<string, { required?: string[] }>; readonly securitySchemes: object }
}

describe('the OpenAPI description', () => {
  async function describeIt(): Promise<Description> {
    await using service = await startService({ idle: true })
    return (await (await service.server.fetch(new Request(`${URL_}/openapi.json`))).json()) as Description
  }
  const codesOf = (operation: Operation, status: number | string): string[] =>
    operation.responses[status]?.content['application/problem+json']?.schema.allOf?.flatMap((part) => part.properties?.code.enum ?? []) ?? []

  it('lists every route, and every route lists its parameters and answers', async () => {
    const { openapi, paths, components } = await describeIt()
    expect(openapi).toBe('3.1.0')
    const operations = Object.entries(paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`))
    expect(operations.toSorted()).toEqual(
      [
        'POST /api/queues/{queue}/jobs',
        'GET /api/queues/{queue}/jobs',
        'GET /api/queues/{queue}/jobs/{id}',
        'PATCH /api/queues/{queue}/jobs/{id}',
        'DELETE /api/queues/{queue}/jobs/{id}',
        'POST /api/queues/{queue}/jobs/{id}/retry',
        'GET /api/queues/{queue}/jobs/{id}/explain',
        'GET /api/queues/{queue}/jobs/{id}/history',
        'GET /api/queues',
        'GET /api/queues/{queue}',
        'PATCH /api/queues/{queue}',
        'POST /api/queues/{queue}/clear',
        'GET /api/events',
        'GET /healthz',
        'GET /readyz',
        'GET /metrics',
        'GET /openapi.json',
      ].toSorted(),
    )
    const names = (path: string, method: string): string[] | undefined => paths[path]?.[method]?.parameters?.map((each) => each.name)
    expect(names('/api/queues/{queue}/jobs', 'get')).toEqual(['queue', 'state', 'after', 'limit'])
    expect(names('/api/queues/{queue}/jobs/{id}', 'get')).toEqual(['queue', 'id', 'wait'])
    expect(names('/api/events', 'get')).toEqual(['Last-Event-ID'])
    expect(components.schemas['Put']?.required).toEqual(['arg'])
    expect(components.schemas['Job']?.required).toContain('result')
    expect(Object.keys(components.securitySchemes)).toEqual(['token', 'cookie'])
    for (const name of JSON.stringify(paths).matchAll(/#\/components\/schemas\/(\w+)/g)) {
      expect(components.schemas, name[1]).toHaveProperty(name[1]!)
    }
  })

  it('lists every code, with its status, and no code that is not in the table', async () => {
    const { info, paths } = await describeIt()
    const documented = new Set<string>()
    for (const [path, methods] of Object.entries(paths)) {
      for (const [method, operation] of Object.entries(methods)) {
        for (const status of Object.keys(operation.responses).filter((each) => Number(each) >= 400)) {
          const codes = codesOf(operation, status)
          expect(codes, `${method} ${path} ${status}`).not.toEqual([])
          for (const code of codes) {
            documented.add(code)
            expect(ERROR_CODES).toHaveProperty([code, 'status'], Number(status))
          }
        }
      }
    }
    // Those belong to no route: a path or method that there is not, and the routes of the one who mounts the server.
    for (const code of ['ERR_NOT_FOUND', 'ERR_METHOD_NOT_ALLOWED', 'ERR_JOB_NOT_UNDERWAY', 'ERR_TOO_MANY_REQUESTS']) {
      expect(documented.has(code), code).toBe(false)
      documented.add(code)
    }
    expect([...documented].toSorted()).toEqual(Object.keys(ERROR_CODES).toSorted())
    for (const [code, { status }] of Object.entries(ERROR_CODES)) expect(info.description).toContain(`| \`${code}\` | ${status} |`)
  })

  it('lists for its route every code that the route answers with', async () => {
    const { paths } = await describeIt()
    await using service = await startService({ queueOptions: { size: 1, width: 0 } })
    const { id } = await service.client.put('sms', { arg: 1 })
    const JOBS = '/api/queues/{queue}/jobs'
    const JOB = `${JOBS}/{id}`
    const asks: [method: string, route: string, body?: string | undefined, headers?: Record<string, string>][] = [
      ['POST', JOBS, '{"arg":2}'],
      ['POST', JOBS, '{'],
      ['POST', JOBS, '{}'],
      ['POST', JOBS, 'x', { 'content-type': 'text/plain' }],
      ['POST', JOBS, `"${'x'.repeat(1_100_000)}"`],
      ['POST', `${JOB}/retry`],
      ['PATCH', '/api/queues/nope', '{"width":1}'],
      ['PATCH', '/api/queues/{queue}', '{"width":1}', { authorization: 'Bearer the-read-token' }],
      ['GET', '/api/queues', undefined, { authorization: 'Bearer x' }],
      ['GET', '/api/events', undefined, { origin: 'http://evil.example' }],
      ['GET', `${JOB}x`],
      ['GET', `${JOB}x/explain`],
      ['DELETE', JOB],
      ['DELETE', JOB],
      ['PATCH', JOB, '{"priority":1}'],
    ]
    const seen = new Set<string>()
    for (const [method, route, body, headers] of asks) {
      const path = route.replace('{queue}', 'sms').replace('{id}', id)
      const response = await service.ask(path, { method, headers: { ...JSON_TYPE, ...headers }, ...(body === undefined ? {} : { body }) })
      if (response.ok) continue
      const { code, status } = await problemOf(response)
      const declared = route.replace('nope', '{queue}').replace('{id}x', '{id}')
      const operation = paths[declared]?.[method.toLowerCase()]
      expect(codesOf(operation!, status), `${method} ${declared}`).toContain(code)
      seen.add(code)
    }
    expect(seen.size).toBeGreaterThanOrEqual(12)
  })
})
