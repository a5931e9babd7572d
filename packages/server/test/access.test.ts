import { describe, expect, it } from 'vitest'
import { ADMIN, problemOf, READ, settle, startService, URL_ } from './service.ts'

const QUEUES = '/api/queues'
const bearer = (token: string): HeadersInit => ({ authorization: `Bearer ${token}` })
const NONE = { authorization: '' }

describe('who may', () => {
  it.each([QUEUES, `${QUEUES}/sms`, `${QUEUES}/sms/jobs`, '/api/events', '/api/nothing', '/metrics'])(
    '%s wants a token',
    async (path) => {
      await using service = await startService({ idle: true })
      const { fetch } = service.server
      const response = await fetch(new Request(URL_ + path))
      expect(response.headers.get('www-authenticate')).toMatch(/^Bearer/)
      expect(await problemOf(response)).toMatchObject({ status: 401, code: 'ERR_UNAUTHORIZED' })
    },
  )

  it.each(['/healthz', '/readyz', '/openapi.json'])('%s is for everybody', async (path) => {
    await using service = await startService({ idle: true })
    expect((await service.server.fetch(new Request(URL_ + path))).status).toBe(200)
  })

  it.each(['', 'Bearer', 'Bearer ', 'Bearer wrong', `Basic ${ADMIN}`, `Bearer ${ADMIN}x`, `Bearer ${ADMIN} x`, `bearer\t${READ}é`])(
    'the header "%s" lets nobody in',
    async (authorization) => {
      await using service = await startService({ idle: true })
      expect((await service.ask(QUEUES, { headers: { authorization } })).status).toBe(401)
    },
  )

  it('the read-only token may look and change nothing', async () => {
    await using service = await startService({ idle: true })
    const headers = { ...bearer(READ), 'content-type': 'application/json' }
    expect((await service.ask(QUEUES, { headers })).status).toBe(200)
    expect((await service.ask(QUEUES, { headers, method: 'HEAD' })).status).toBe(200)
    for (const [method, path] of [
      ['POST', `${QUEUES}/sms/jobs`],
      ['PATCH', `${QUEUES}/sms`],
      ['POST', `${QUEUES}/sms/clear`],
      ['DELETE', `${QUEUES}/sms/jobs/x`],
    ] as const) {
      const response = await service.ask(path, { method, headers, ...(method === 'DELETE' ? {} : { body: '{"arg":1,"width":0}' }) })
      expect(await problemOf(response)).toMatchObject({ status: 403, code: 'ERR_READ_ONLY' })
    }
    expect(await service.client.queue('sms')).toMatchObject({ width: 2, counts: { pending: 0 } })
  })

  it('there is no read-only token unless one is given', async () => {
    await using service = await startService({ idle: true, readToken: undefined })
    expect((await service.ask(QUEUES, { headers: bearer(READ) })).status).toBe(401)
    expect((await service.ask(QUEUES, { headers: bearer('undefined') })).status).toBe(401)
  })
})

describe('the cookie', () => {
  it('is set by /admin?token=…, which goes on to an address without the token', async () => {
    await using service = await startService({ idle: true })
    const response = await service.ask(`/admin?token=${ADMIN}`, { headers: NONE })
    expect(response.status).toBe(303)
    expect(response.headers.get('location')).toBe('/admin')
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(response.headers.get('referrer-policy')).toBe('no-referrer')
    const cookie = response.headers.get('set-cookie') ?? ''
    expect(cookie).toMatch(/^potoroo-3000=[\w-]{43}; Max-Age=\d+; Path=\/; HttpOnly; SameSite=Strict$/)
    expect(cookie).not.toContain(ADMIN)

    const asks = { headers: { cookie: cookie.split(';')[0]! } }
    expect((await service.ask(QUEUES, asks)).status).toBe(200)
    expect((await service.ask(`${QUEUES}/sms/clear`, { ...asks, method: 'POST' })).status).toBe(200)
  })

  it('of the read-only token allows no more than the token', async () => {
    await using service = await startService({ idle: true })
    const signIn = await service.ask(`/admin?token=${READ}`, { headers: NONE })
    const headers = { cookie: signIn.headers.get('set-cookie')!.split(';')[0]! }
    expect((await service.ask(QUEUES, { headers })).status).toBe(200)
    expect((await service.ask(`${QUEUES}/sms/clear`, { headers, method: 'POST' })).status).toBe(403)
  })

  it('is not set for a wrong token, and the token itself is no cookie', async () => {
    await using service = await startService({ idle: true })
    const response = await service.ask('/admin?token=wrong', { headers: NONE })
    expect(response.status).toBe(401)
    expect(response.headers.has('set-cookie')).toBe(false)
    expect((await service.ask(QUEUES, { headers: { cookie: `potoroo-3000=${ADMIN}` } })).status).toBe(401)
  })

  it('is kept by a browser that followed a link from another site', async () => {
    await using service = await startService({ idle: true })
    const headers = { ...NONE, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
    const response = await service.ask(`/admin?token=${ADMIN}`, { headers })
    expect(response.status).toBe(200)
    expect(response.headers.get('refresh')).toBe('0; url=/admin')
    expect(response.headers.has('set-cookie')).toBe(true)
    expect(await response.text()).not.toContain(ADMIN)
  })

  it('is Secure where the name is an https one', async () => {
    await using service = await startService({ idle: true, hosts: ['https://sms.example.com'] })
    const response = await service.server.fetch(new Request(`http://sms.example.com/admin?token=${ADMIN}`))
    expect(response.headers.get('set-cookie')).toMatch(/^potoroo=.*; Secure/)
  })
})

describe('wrong tokens', () => {
  const wrong = { headers: bearer('wrong') }

  it('are slowed after the fifth from one address, one a second, right ones among them too', async () => {
    await using service = await startService({ idle: true })
    for (let n = 0; n < 5; n++) expect((await service.ask(QUEUES, wrong)).status).toBe(401)
    const answers: number[] = []
    for (const init of [wrong, {}, wrong]) void service.ask(QUEUES, init).then(({ status }) => answers.push(status))
    await settle()
    expect(answers).toEqual([])
    service.clock.advance(1_000)
    await settle()
    expect(answers).toEqual([401])
    service.clock.advance(1_000)
    await settle()
    expect(answers).toEqual([401, 200])
    service.clock.advance(1_000)
    await settle()
    expect(answers).toEqual([401, 200, 401])
  })

  it('from one address do not slow another', async () => {
    await using service = await startService({ idle: true })
    for (let n = 0; n < 5; n++) await service.ask(QUEUES, wrong)
    expect((await service.ask(QUEUES, { from: '192.0.2.2' })).status).toBe(200)
  })

  it('do not lock out who had the right one at that address before', async () => {
    await using service = await startService({ idle: true })
    expect((await service.ask(QUEUES)).status).toBe(200)
    for (let n = 0; n < 5; n++) await service.ask(QUEUES, wrong)
    const waiting = Array.from({ length: 5 }, () => service.ask(QUEUES, wrong))
    expect((await service.ask(QUEUES, wrong)).status).toBe(429)
    expect((await service.ask(QUEUES)).status).toBe(200)
    for (let n = 0; n < 5; n++) {
      service.clock.advance(1_000)
      await settle()
    }
    for (const each of waiting) expect((await each).status).toBe(401)
  })

  it('count for the whole network of an IPv6 address', async () => {
    await using service = await startService({ idle: true })
    for (let n = 0; n < 5; n++) await service.ask(QUEUES, { ...wrong, from: `2001:db8::${n + 1}` })
    let answered = false
    void service.ask(QUEUES, { from: '2001:db8:0:0:ffff::1' }).then(() => (answered = true))
    expect((await service.ask(QUEUES, { from: '2001:db8:0:1::1' })).status).toBe(200)
    expect(answered).toBe(false)
    service.clock.advance(1_000)
    await settle()
    expect(answered).toBe(true)
  })

  it('are answered 429 when too many wait already', async () => {
    await using service = await startService({ idle: true })
    for (let n = 0; n < 5; n++) await service.ask(QUEUES, wrong)
    const waiting = Array.from({ length: 5 }, () => service.ask(QUEUES, wrong))
    const response = await service.ask(QUEUES, wrong)
    expect(response.headers.get('retry-after')).toBe('6')
    expect(await problemOf(response)).toMatchObject({ status: 429, code: 'ERR_TOO_MANY_TRIES' })
    service.server.close()
    expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([401, 401, 401, 401, 401])
  })

  it('are forgiven in time', async () => {
    await using service = await startService({ idle: true })
    for (let n = 0; n < 5; n++) await service.ask(QUEUES, wrong)
    service.clock.advance(10_000)
    for (let n = 0; n < 3; n++) expect((await service.ask(QUEUES)).status).toBe(200)
  })

  it('are not what a request without any token is', async () => {
    await using service = await startService({ idle: true })
    for (let n = 0; n < 50; n++) await service.server.fetch(new Request(URL_ + QUEUES), { remoteAddress: '192.0.2.1' })
    expect((await service.ask(QUEUES)).status).toBe(200)
  })
})

describe('whom the request is for, and where it comes from', () => {
  const get = (service: Awaited<ReturnType<typeof startService>>, url: string, headers: Record<string, string> = {}) =>
    service.server.fetch(new Request(url, { headers: { ...bearer(ADMIN), ...headers } }))

  it('answers to its own names only', async () => {
    await using service = await startService({ idle: true, hosts: ['localhost:3000', '[::1]:3000', 'https://sms.example.com'] })
    for (const host of ['localhost:3000', 'LOCALHOST:3000', '[::1]:3000', '[0:0::1]:3000', 'sms.example.com']) {
      expect((await get(service, `http://${host}${QUEUES}`)).status, host).toBe(200)
    }
    for (const host of ['evil.example', 'localhost', 'localhost:3001', 'localhost.:3000', 'sms.example.com:8080', '127.0.0.1:3000']) {
      const response = await get(service, `http://${host}${QUEUES}`)
      expect(await problemOf(response), host).toMatchObject({ status: 403, code: 'ERR_FOREIGN_HOST' })
    }
    const rebound = await get(service, `${URL_}${QUEUES}`, { host: 'evil.example' })
    expect((await problemOf(rebound)).code).toBe('ERR_FOREIGN_HOST')
  })

  it('asks for its names at each request, because a port may be known late', async () => {
    let hosts: string[] = []
    await using service = await startService({ idle: true, hosts: () => hosts })
    expect((await service.ask(QUEUES)).status).toBe(403)
    hosts = ['localhost:3000']
    expect((await service.ask(QUEUES)).status).toBe(200)
  })

  it('takes requests of its own pages, and of no page at all', async () => {
    await using service = await startService({ idle: true, hosts: ['localhost:3000', 'https://sms.example.com'] })
    for (const headers of [
      {},
      { origin: URL_ },
      { origin: 'https://sms.example.com' },
      { 'sec-fetch-site': 'same-origin', origin: URL_ },
      { 'sec-fetch-site': 'none' },
    ]) {
      expect((await get(service, URL_ + QUEUES, headers)).status, JSON.stringify(headers)).toBe(200)
    }
  })

  it('refuses what comes from anywhere else', async () => {
    await using service = await startService({ idle: true, hosts: ['localhost:3000', 'https://sms.example.com'] })
    for (const headers of [
      { origin: 'https://evil.example' },
      { origin: 'http://localhost:3001' },
      { origin: 'http://localhost' },
      { origin: 'http://sms.example.com' },
      { origin: 'null' },
      { origin: '' },
      { origin: 'localhost:3000' },
      { origin: `${URL_}, https://evil.example` },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
    ]) {
      const response = await get(service, URL_ + QUEUES, headers as Record<string, string>)
      expect(await problemOf(response), JSON.stringify(headers)).toMatchObject({ status: 403, code: 'ERR_FOREIGN_ORIGIN' })
    }
  })

  it('lets a link on another site open a page, but not a frame of it', async () => {
    await using service = await startService({ idle: true, routes: (app) => void app.get('/', (c) => c.html('hello')) })
    const follow = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }
    expect((await get(service, `${URL_}/`, { ...follow, 'sec-fetch-dest': 'document' })).status).toBe(200)
    expect((await get(service, `${URL_}/`, { ...follow, 'sec-fetch-dest': 'iframe' })).status).toBe(403)
  })

  it.each(['/healthz', '/readyz'])('%s answers by any name', async (path) => {
    await using service = await startService({ idle: true })
    expect((await get(service, `http://10.0.0.7:8080${path}`, { origin: 'https://evil.example' })).status).toBe(200)
  })
})

it('refuses tokens that cannot be sent or are the same, and two queues of one name', async () => {
  const code = (options: Parameters<typeof startService>[0]) =>
    startService({ idle: true, ...options }).then(() => 'started', (error: unknown) => (error as { code: string }).code)
  expect(await code({ adminToken: '' })).toBe('ERR_INVALID_TOKEN')
  expect(await code({ adminToken: 'two words' })).toBe('ERR_INVALID_TOKEN')
  expect(await code({ readToken: '' })).toBe('ERR_INVALID_TOKEN')
  expect(await code({ readToken: ADMIN })).toBe('ERR_INVALID_TOKEN')
  await using service = await startService({ idle: true })
  expect(await code({ queues: [service.queue, service.queue] })).toBe('ERR_SAME_NAME')
})
