import fc from 'fast-check'
import { expect, it } from 'vitest'
import { JSON_TYPE, startService } from './service.ts'

const segment = fc.oneof(
  fc.constantFrom('api', 'queues', 'sms', 'jobs', 'x', 'retry', 'explain', 'clear', 'metrics', 'admin'),
  fc.constantFrom('', '.', '..', '%', '%ff', '%00'),
  fc.string({ maxLength: 12 }).map(encodeURIComponent),
)
const path = (id: string): fc.Arbitrary<string> =>
  fc.oneof(
    fc.constantFrom('', '/retry', '/explain').map((rest) => `/api/queues/sms/jobs/${id}${rest}`),
    fc.constantFrom('', '/sms', '/sms/jobs', '/sms/jobs/x', '/sms/clear').map((rest) => `/api/queues${rest}`),
    fc.constantFrom('/api/events', '/admin', '/metrics', '/healthz', '/readyz', '/openapi.json'),
    fc.array(segment, { maxLength: 6 }).map((segments) => `/${segments.join('/')}`),
  )
const text = fc.string({ unit: 'binary', maxLength: 20 })
const parameter = fc.oneof(fc.constantFrom('limit', 'state', 'after', 'wait', 'token'), text)
const value = fc.oneof(fc.constantFrom('1', '0', 'pending'), text)
const query = fc.oneof(
  fc.constant(''),
  fc.array(fc.tuple(parameter, value), { maxLength: 3 }).map((pairs) => `?${new URLSearchParams(pairs)}`),
)
const put = fc.record(
  {
    arg: fc.jsonValue(),
    priority: fc.oneof(fc.double(), fc.jsonValue()),
    delay: fc.oneof(fc.double(), fc.jsonValue()),
    runAt: fc.oneof(fc.date({ noInvalidDate: true }).map((date) => date.toISOString()), fc.jsonValue()),
    key: fc.oneof(text, fc.jsonValue()),
    maxAttempts: fc.oneof(fc.integer(), fc.jsonValue()),
    timeout: fc.oneof(fc.double(), fc.jsonValue()),
  },
  { requiredKeys: [] },
)
const patch = fc.record(
  {
    width: fc.oneof(fc.integer(), fc.jsonValue()),
    rate: fc.oneof(fc.record({ limit: fc.integer(), per: fc.integer() }), fc.jsonValue()),
    paused: fc.oneof(fc.boolean(), fc.jsonValue()),
    priority: fc.oneof(fc.double(), fc.jsonValue()),
  },
  { requiredKeys: [] },
)
const body = fc.oneof(
  fc.oneof(put, fc.array(put, { maxLength: 3 }), patch, fc.jsonValue()).map((value) => JSON.stringify(value) ?? ''),
  text,
)
const headers = fc.record(
  {
    'content-type': fc.oneof(fc.constant(JSON_TYPE['content-type']), fc.string({ maxLength: 20 })),
    'last-event-id': fc.string({ maxLength: 20 }),
    origin: fc.constantFrom('http://localhost:3000', 'null', 'http://[', 'x'),
    cookie: fc.string({ maxLength: 30 }),
    accept: fc.constantFrom('text/html', '*/*', ','),
  },
  { requiredKeys: ['content-type'] },
)
const method = fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'QUERY')

it('whatever is asked, the answer is no fault', async () => {
  // One service for all: state that one request leaves behind is part of what the next one must cope with.
  await using service = await startService({ queueOptions: { localWidth: 3 } })
  const { id } = await service.client.put('sms', { arg: 1 })
  const request = fc.record({ method, path: path(id), query, body, headers, withToken: fc.boolean() })
  await fc.assert(
    fc.asyncProperty(request, async ({ body: sent, headers: given, withToken, ...ask }) => {
      const hasBody = ask.method !== 'GET' && ask.method !== 'HEAD'
      const usable: Record<string, string> = {}
      for (const [name, value] of Object.entries(given)) if (/^[\x20-\x7e]*$/.test(value)) usable[name] = value
      if (withToken) usable['authorization'] = 'Bearer the-admin-token'
      const url = ask.path + ask.query
      let response: Response | undefined
      const init = { method: ask.method, headers: usable, ...(hasBody ? { body: sent } : {}) }
      void service.ask(url, init).then((answer) => (response = answer))
      // Answers that are held open, and tries that are slowed, wait for the clock.
      for (; response === undefined; service.clock.advance(1_000)) await new Promise((resolve) => setImmediate(resolve))
      expect(response.status, `${ask.method} ${url} ${sent}`).toBeLessThan(500)
      if (response.status >= 400) {
        expect(response.headers.get('content-type')).toMatch(/^(application\/problem\+json|text\/html; charset=utf-8)$/)
      }
      await response.body?.cancel()
    }),
    { numRuns: 1_000, interruptAfterTimeLimit: 20_000, markInterruptAsFailure: false },
  )
  expect(service.faults).toEqual([])
})
