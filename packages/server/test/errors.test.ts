import { ERROR_CODES } from '@potoroo/protocol'
import { type DurableQueue, StoreError } from '@potoroo/queue'
import { fail, Deferred } from 'potoroo'
import { describe, expect, it } from 'vitest'
import { JSON_TYPE, problemOf, startService, URL_ } from './service.ts'

const JOBS = '/api/queues/sms/jobs'

describe('a body', () => {
  const bodies: [what: string, method: string, path: string, body: string, status: number, code: string, detail: RegExp][] = [
    ['that is cut off', 'POST', JOBS, '{"arg":', 400, 'ERR_MALFORMED', /JSON/],
    ['that is empty', 'POST', JOBS, '', 400, 'ERR_MALFORMED', /JSON/],
    ['with something after it', 'POST', JOBS, '{"arg":1} x', 400, 'ERR_MALFORMED', /JSON/],
    ['that is no object', 'POST', JOBS, '5', 422, 'ERR_INVALID', /expected object or array/],
    ['that is null', 'POST', JOBS, 'null', 422, 'ERR_INVALID', /expected object or array/],
    ['without arg', 'POST', JOBS, '{}', 422, 'ERR_INVALID', /^arg: Required$/],
    ['with an unknown field', 'POST', JOBS, '{"arg":1,"prio":1}', 422, 'ERR_INVALID', /prio/],
    ['with a field called __proto__', 'POST', JOBS, '{"arg":1,"__proto__":1}', 422, 'ERR_INVALID', /__proto__/],
    ['with two mistakes', 'POST', JOBS, '{"arg":1,"priority":"1","delay":-1}', 422, 'ERR_INVALID', /^priority: .*; delay: /],
    ['with an endless priority', 'POST', JOBS, '{"arg":1,"priority":1e999}', 422, 'ERR_INVALID', /^priority/],
    ['with a null priority', 'POST', JOBS, '{"arg":1,"priority":null}', 422, 'ERR_INVALID', /^priority/],
    ['with an endless delay', 'POST', JOBS, '{"arg":1,"delay":1e300}', 422, 'ERR_INVALID', /^delay/],
    ['with a time that is none', 'POST', JOBS, '{"arg":1,"runAt":"2026-02-30T00:00:00Z"}', 422, 'ERR_INVALID', /^runAt/],
    ['with a time without a zone', 'POST', JOBS, '{"arg":1,"runAt":"2026-02-03T00:00:00"}', 422, 'ERR_INVALID', /^runAt/],
    ['with a time as a number', 'POST', JOBS, '{"arg":1,"runAt":5}', 422, 'ERR_INVALID', /^runAt/],
    ['with both delay and runAt', 'POST', JOBS, '{"arg":1,"delay":1,"runAt":"2026-02-03T00:00:00Z"}', 422, 'ERR_INVALID', /not both/],
    ['with an empty key', 'POST', JOBS, '{"arg":1,"key":""}', 422, 'ERR_INVALID', /^key/],
    ['with a NUL in its key', 'POST', JOBS, '{"arg":1,"key":"\\u0000"}', 422, 'ERR_INVALID', /^key/],
    ['with no attempts', 'POST', JOBS, '{"arg":1,"maxAttempts":0}', 422, 'ERR_INVALID', /^maxAttempts/],
    ['with half an attempt', 'POST', JOBS, '{"arg":1,"maxAttempts":1.5}', 422, 'ERR_INVALID', /^maxAttempts/],
    ['with a time-out of zero', 'POST', JOBS, '{"arg":1,"timeout":0}', 422, 'ERR_INVALID', /^timeout/],
    ['nested without end', 'POST', JOBS, `{"arg":${'['.repeat(20_000)}${']'.repeat(20_000)}}`, 422, 'ERR_INVALID', /^arg: .*nested/],
    ['of a list with a wrong one', 'POST', JOBS, '[{"arg":1},{"arg":2,"x":1}]', 422, 'ERR_INVALID', /^1: .*x/],
    ['of a list in a list', 'POST', JOBS, '[[{"arg":1}]]', 422, 'ERR_INVALID', /^0: /],
    ['without priority', 'PATCH', `${JOBS}/x`, '{}', 422, 'ERR_INVALID', /^priority: Required/],
    ['that would change more', 'PATCH', `${JOBS}/x`, '{"priority":1,"arg":2}', 422, 'ERR_INVALID', /arg/],
    ['that changes nothing', 'PATCH', '/api/queues/sms', '{}', 422, 'ERR_INVALID', /at least one/],
    ['with a negative width', 'PATCH', '/api/queues/sms', '{"width":-1}', 422, 'ERR_INVALID', /^width/],
    ['with half a width', 'PATCH', '/api/queues/sms', '{"width":1.5}', 422, 'ERR_INVALID', /^width/],
    ['with a width in words', 'PATCH', '/api/queues/sms', '{"width":"5"}', 422, 'ERR_INVALID', /^width/],
    ['with a rate in words', 'PATCH', '/api/queues/sms', '{"rate":"10/s"}', 422, 'ERR_INVALID', /^rate: .*object or null/],
    ['with a rate of nothing', 'PATCH', '/api/queues/sms', '{"rate":{"limit":0,"per":1000}}', 422, 'ERR_INVALID', /^rate\.limit/],
    ['with a rate per nothing', 'PATCH', '/api/queues/sms', '{"rate":{"limit":1,"per":0}}', 422, 'ERR_INVALID', /^rate\.per/],
    ['with a rate per year', 'PATCH', '/api/queues/sms', '{"rate":{"limit":1,"per":31536000000}}', 422, 'ERR_INVALID', /^rate\.per/],
    ['with half a rate', 'PATCH', '/api/queues/sms', '{"rate":{"limit":1}}', 422, 'ERR_INVALID', /^rate\.per: Required/],
    ['with a pause in words', 'PATCH', '/api/queues/sms', '{"paused":"yes"}', 422, 'ERR_INVALID', /^paused/],
  ]

  it.each(bodies)('%s is refused: %s %s', async (_, method, path, body, status, code, detail) => {
    await using service = await startService({ idle: true })
    const before = await service.client.queues()
    const problem = await problemOf(await service.ask(path, { method, headers: JSON_TYPE, body }))
    expect(problem).toMatchObject({ type: 'about:blank', status, code, detail: expect.stringMatching(detail) })
    expect(problem.errors === undefined).toBe(status !== 422)
    expect(await service.client.queues()).toEqual(before)
    expect(service.faults).toEqual([])
  })

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/jsonp', ''])(
    'of type "%s" is refused with 415',
    async (type) => {
      await using service = await startService({ idle: true })
      const body = new TextEncoder().encode('{"arg":1}')
      const headers: Record<string, string> = type === '' ? {} : { 'content-type': type }
      const response = await service.ask(JOBS, { method: 'POST', headers, body })
      expect(await problemOf(response)).toMatchObject({ status: 415, code: 'ERR_UNSUPPORTED_TYPE' })
    },
  )

  it('that is compressed is refused with 415, because its length says nothing', async () => {
    await using service = await startService({ idle: true })
    const response = await service.ask(JOBS, { method: 'POST', headers: { ...JSON_TYPE, 'content-encoding': 'gzip' }, body: 'x' })
    expect(await problemOf(response)).toMatchObject({ status: 415, code: 'ERR_UNSUPPORTED_TYPE' })
  })

  it('may name its character set', async () => {
    await using service = await startService({ idle: true })
    const headers = { 'content-type': 'Application/JSON; charset=utf-8' }
    expect((await service.ask(JOBS, { method: 'POST', headers, body: '{"arg":1}' })).status).toBe(201)
  })

  it('of just 1 MiB is taken; of one byte more it is refused', async () => {
    await using service = await startService({ idle: true })
    const text = (length: number): string => `{"arg":"${'x'.repeat(length - 10)}"}`
    expect((await service.ask(JOBS, { method: 'POST', headers: JSON_TYPE, body: text(1_048_576) })).status).toBe(201)
    const response = await service.ask(JOBS, { method: 'POST', headers: JSON_TYPE, body: text(1_048_577) })
    expect(await problemOf(response)).toMatchObject({ status: 413, code: 'ERR_TOO_LARGE' })
  })

  it('without end is refused as soon as it is too long', async () => {
    await using service = await startService({ idle: true })
    let sent = 0
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 65_536
        controller.enqueue(new Uint8Array(65_536).fill(32))
      },
    })
    const response = await service.ask(JOBS, { method: 'POST', headers: JSON_TYPE, body: endless, duplex: 'half' } as RequestInit)
    expect((await problemOf(response)).code).toBe('ERR_TOO_LARGE')
    expect(sent).toBeLessThan(2 * 1_048_576)
  })

  it('that is declared too long is refused before it has come', async () => {
    await using service = await startService({ idle: true })
    let asked = false
    const body = new ReadableStream<Uint8Array>({ pull: () => void (asked = true) }, { highWaterMark: 0 })
    const headers = { ...JSON_TYPE, 'content-length': '1048577' }
    const response = await service.ask(JOBS, { method: 'POST', headers, body, duplex: 'half' } as RequestInit)
    expect((await problemOf(response)).code).toBe('ERR_TOO_LARGE')
    expect(asked).toBe(false)
  })

  it('lists the first ten mistakes of many', async () => {
    await using service = await startService({ idle: true })
    const many = Array.from({ length: 5_000 }, () => ({ arg: 1, priority: 'x' }))
    const { errors, detail } = await problemOf(await service.send('POST', JOBS, many))
    expect(errors).toHaveLength(10)
    expect(detail).toMatch(/\(and 4990 more\)$/)
  })
})

describe('a query', () => {
  it.each([
    [`${JOBS}?page=2`, /page/],
    [`${JOBS}?limit=0`, /^limit/],
    [`${JOBS}?limit=501`, /^limit/],
    [`${JOBS}?limit=5x`, /^limit/],
    [`${JOBS}?limit=`, /^limit/],
    [`${JOBS}?limit=1e2`, /^limit/],
    [`${JOBS}?limit=1&limit=2`, /^limit/],
    [`${JOBS}?state=done`, /^state/],
    [`${JOBS}?after=`, /^after/],
    [`${JOBS}/x?wait=-1`, /^wait/],
    [`${JOBS}/x?wait=61`, /^wait/],
    [`${JOBS}/x?wait=soon`, /^wait/],
    [`${JOBS}/x?wait=Infinity`, /^wait/],
    ['/api/queues?x', /x/],
    ['/api/queues/sms?x=1', /x/],
    ['/api/events?since=1', /since/],
    ['/metrics?x=1', /x/],
  ])('is checked: %s', async (path, detail) => {
    await using service = await startService({ idle: true })
    expect(await problemOf(await service.ask(path))).toMatchObject({
      status: 422,
      code: 'ERR_INVALID',
      detail: expect.stringMatching(detail),
    })
  })
})

describe('a path', () => {
  it.each(['/', '/api', '/api/', '/api/nothing', '/api/queues/', '/api/queues/sms/jobs/', '/API/queues', '/api//queues', '/%', '/%ff'])(
    'that leads nowhere answers 404: %s',
    async (path) => {
      await using service = await startService({ idle: true })
      expect(await problemOf(await service.ask(path))).toMatchObject({ status: 404 })
    },
  )

  it.each([
    ['PUT', JOBS, 'GET, HEAD, POST'],
    ['DELETE', JOBS, 'GET, HEAD, POST'],
    ['POST', `${JOBS}/x`, 'DELETE, GET, HEAD, PATCH'],
    ['GET', `${JOBS}/x/retry`, 'POST'],
    ['POST', `${JOBS}/x/explain`, 'GET, HEAD'],
    ['POST', '/api/queues', 'GET, HEAD'],
    ['DELETE', '/api/queues/sms', 'GET, HEAD, PATCH'],
    ['GET', '/api/queues/sms/clear', 'POST'],
    ['POST', '/api/events', 'GET, HEAD'],
    ['POST', '/healthz', 'GET, HEAD'],
    ['OPTIONS', '/openapi.json', 'GET, HEAD'],
    ['OPTIONS', JOBS, 'GET, HEAD, POST'],
    ['PURGE', '/metrics', 'GET, HEAD'],
  ])('answers 405 to a method that it does not have: %s %s', async (method, path, allow) => {
    await using service = await startService({ idle: true })
    const response = await service.ask(path, { method, headers: JSON_TYPE })
    expect(await problemOf(response)).toMatchObject({ status: 405, code: 'ERR_METHOD_NOT_ALLOWED' })
    expect(response.headers.get('allow')?.split(', ').toSorted().join(', ')).toBe(allow)
    expect(response.headers.has('access-control-allow-origin')).toBe(false)
  })
})

describe('a fault', () => {
  const broken = (queue: DurableQueue, error: unknown): DurableQueue =>
    new Proxy(queue, {
      get(target, name: keyof DurableQueue) {
        if (name === 'list') return () => (error instanceof Deferred ? error : fail(error))
        const value = target[name]
        return typeof value === 'function' ? value.bind(target) : value
      },
    })

  it.each([
    ['a store that cannot', new StoreError('ERR_STORE_IO', 'EIO /var/data/sms.db'), 503, 'ERR_STORE', 1],
    ['a full disk', new StoreError('ERR_STORE_FULL', 'no space in /var/data'), 507, 'ERR_STORE_FULL', 1],
    ['a bug', new TypeError('undefined is not a function at /srv/app.js'), 500, 'ERR_INTERNAL', 1],
    ['a bug with a code', Object.assign(new TypeError('/srv'), { code: 'ERR_INVALID_ARG_TYPE' }), 500, 'ERR_INTERNAL', 1],
    ['something thrown that is no error', 'a string', 500, 'ERR_INTERNAL', 1],
  ])('%s is reported, and answered without internals', async (_, error, status, code, reports) => {
    await using plain = await startService({ idle: true })
    await using service = await startService({ idle: true, queues: [broken(plain.queue, error)] })
    const response = await service.ask(JOBS)
    expect(response.headers.get('content-security-policy')).toBeTruthy()
    const problem = await problemOf(response)
    expect(problem).toMatchObject({ status, code })
    expect(JSON.stringify(problem)).not.toMatch(/var|srv|string|function/)
    expect(service.faults).toHaveLength(reports)
  })

  it('a log that throws does not reject', async () => {
    await using service = await startService({
      idle: true,
      onRequest: () => {
        throw new Error('log is full')
      },
    })
    expect((await service.server.fetch(new Request(`${URL_}/healthz`))).status).toBe(500)
  })
})

it('every code of the table has a status that fits its kind', () => {
  for (const [code, { status }] of Object.entries(ERROR_CODES)) {
    expect(code).toMatch(/^ERR_[A-Z_]+$/)
    expect(status).toBeGreaterThanOrEqual(400)
  }
})
