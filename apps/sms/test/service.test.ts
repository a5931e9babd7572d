import { memoryStore } from '@potoroo/queue'
import { expect, test } from 'vitest'
import { ADMIN, BASE, NUMBER, openService, READ } from './support/service.ts'

const receipt = { sid: 'SM1', status: 'queued' }

test.each([
  ['/', 'text/html; charset=utf-8', '<form id="form"'],
  ['/assets/form.js', 'text/javascript; charset=utf-8', 'import'],
  ['/assets/style.css', 'text/css; charset=utf-8', ':root'],
  ['/assets/potoroo.svg', 'image/svg+xml', '<svg'],
])('%s is served, and revalidated by its contents', async (path, type, part) => {
  const { request } = await openService()
  const answer = await request(path)
  expect(answer.status).toBe(200)
  expect(answer.headers.get('content-type')).toBe(type)
  expect(answer.headers.get('cache-control')).toBe('no-cache')
  expect(await answer.text()).toContain(part)

  const etag = answer.headers.get('etag')!
  expect((await request(path, { headers: { 'if-none-match': etag } })).status).toBe(304)
  expect((await request(path, { headers: { 'if-none-match': `"other", W/${etag}` } })).status).toBe(304)
  expect((await request(path, { headers: { 'if-none-match': '"other"' } })).status).toBe(200)
  const head = await request(path, { method: 'HEAD' })
  expect([head.status, await head.text()]).toEqual([200, ''])
})

test.each(['/assets/none.js', '/assets/..%2fpackage.json', '/assets/form.ts', '/assets/tsconfig.json', '/nothing', '/form.html'])(
  '%s is not',
  async (path) => {
    const { request } = await openService()
    expect((await request(path)).status).toBe(404)
  },
)

test('every answer has the headers that keep a browser safe', async () => {
  const { request } = await openService()
  for (const path of ['/', '/assets/form.js', '/nothing', '/messages/none', '/healthz']) {
    const { headers } = await request(path)
    expect(headers.get('content-security-policy'), path).toContain("default-src 'none'")
    expect(headers.get('content-security-policy'), path).not.toContain('unsafe')
    expect(headers.get('x-content-type-options'), path).toBe('nosniff')
    expect(headers.get('referrer-policy'), path).toBe('no-referrer')
  }
})

test('the pages have nothing inline, which the policy would forbid', async () => {
  const { request, admin } = await openService()
  for (const page of [await request('/'), await admin('/admin')]) {
    const html = await page.text()
    expect(html).not.toMatch(/<style|style=|\son\w+=|javascript:/i)
    expect(html).not.toMatch(/<script(?![^>]*\ssrc=)/i)
    expect(html).not.toContain('{{')
  }
})

test('the form says whether the carrier is a simulated one', async () => {
  for (const [isSimulated, word] of [[true, 'simulated'], [false, 'real']] as const) {
    const { request } = await openService({ isSimulated })
    expect(await (await request('/')).text()).toContain(`data-carrier="${word}"`)
  }
})

test('a foreign name or page is refused everywhere', async () => {
  const { service } = await openService()
  const ask = (url: string, headers: Record<string, string> = {}) =>
    service.fetch(new Request(url, { headers }), { remoteAddress: '127.0.0.1' }).then(({ status }) => status)
  for (const path of ['/', '/messages/none', '/admin', '/api/queues']) {
    expect(await ask(`http://rebound.example:3000${path}`), path).toBe(403)
    expect(await ask(`${BASE}${path}`, { origin: 'http://localhost:3001' }), path).toBe(403)
  }
  expect(await ask('https://sms.example.org/')).toBe(200)
  expect(await ask('http://10.0.0.7:3000/readyz')).toBe(200)
})

test('the admin page opens with the token, and then with the cookie', async () => {
  const { request } = await openService()
  expect((await request('/admin')).status).toBe(401)
  expect((await request('/admin?token=wrong')).status).toBe(401)
  const opened = await request(`/admin?token=${ADMIN}`)
  expect(opened.headers.get('location')).toBe('/admin')
  const cookie = opened.headers.get('set-cookie')!.split(';')[0]!
  const page = await request('/admin', { headers: { cookie } })
  expect(page.status).toBe(200)
  expect(await page.text()).toContain('id="jobs"')
  expect((await request('/api/queues/sms', { headers: { cookie } })).status).toBe(200)
})

test('the read-only token looks, and changes nothing', async () => {
  const { request } = await openService()
  const headers = { authorization: `Bearer ${READ}`, 'content-type': 'application/json' }
  expect((await request('/api/queues/sms', { headers })).status).toBe(200)
  const answer = await request('/api/queues/sms', { method: 'PATCH', headers, body: '{"width":0}' })
  expect(answer.status).toBe(403)
})

test('the queue is the one of the settings, and the arguments are the messages', async () => {
  const { admin, send } = await openService({ width: 0, rate: { limit: 10, per: 1_000 } })
  const id = await send('hello')
  expect(await (await admin('/api/queues/sms')).json()).toMatchObject({
    name: 'sms',
    width: 0,
    rate: { limit: 10, per: 1_000 },
    counts: { pending: 1 },
  })
  expect(await (await admin(`/api/queues/sms/jobs/${id}`)).json()).toMatchObject({
    arg: { to: NUMBER, text: 'hello' },
    maxAttempts: 5,
  })
})

test('a message put by the API is checked like one from the form', async () => {
  const { admin } = await openService({ width: 0 })
  const put = async (arg: unknown) => {
    const headers = { 'content-type': 'application/json' }
    return admin('/api/queues/sms/jobs', { method: 'POST', headers, body: JSON.stringify({ arg }) })
  }
  const taken = await put({ to: '+34 612 345 678', text: 'hi' })
  expect(taken.status).toBe(201)
  expect(await taken.json()).toMatchObject({ arg: { to: NUMBER, text: 'hi' } })
  for (const arg of [{ to: '612', text: 'hi' }, { to: NUMBER, text: '' }, { to: NUMBER }, 'hi', null]) {
    const refused = await put(arg)
    expect(refused.status).toBe(422)
    expect(await refused.json()).toMatchObject({ code: 'ERR_INVALID' })
  }
})

test('stopping: what is underway finishes, nothing starts, nothing new is taken, the rest goes out after the next start', async () => {
  const store = memoryStore()
  const { service, carrier, send, post, request } = await openService({ store, width: 1 })
  const [one, two] = [await send('one'), await send('two')]
  const underway = await carrier.next()

  const stopped = service.stop(30_000)
  const refused = await post({ to: NUMBER, text: 'three' })
  expect(refused.status).toBe(503)
  expect(refused.headers.get('retry-after')).toBeTruthy()
  expect((await request('/readyz')).status).toBe(503)
  expect((await request('/healthz')).status).toBe(200)
  expect(underway.options.signal.aborted).toBe(false)
  underway.receipt.callback(receipt)
  await stopped

  const next = await openService({ store, width: 1 })
  expect(await next.service.queue.job(one)).toMatchObject({ state: 'finished' })
  const second = await next.carrier.next()
  expect(second.options.idempotencyKey).toBe(two)
})

test('stopping: what does not finish in time is put back, and its request to the carrier ended', async () => {
  const store = memoryStore()
  const { service, carrier, send } = await openService({ store })
  const id = await send()
  const { options } = await carrier.next()
  await service.stop(0)
  expect(options.signal.aborted).toBe(true)

  const next = await openService({ store })
  const again = await next.carrier.next()
  expect(again.options.idempotencyKey).toBe(id)
  expect(again.options.attemptToken).not.toBe(options.attemptToken)
  expect(await next.service.queue.job(id)).toMatchObject({ attempt: 1 })
})
