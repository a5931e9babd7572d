import { Deferred, ManualClock } from 'potoroo'
import { Permanent } from '@potoroo/queue'
import { expect, test } from 'vitest'
import { CarrierError, type Sms } from '../src/carrier/carrier.ts'
import { NUMBER, openService } from './support/service.ts'

const receipt = { sid: 'SM1', status: 'queued' }

test('a message is queued, sent, and done', async () => {
  const { request, post, carrier, service, faults } = await openService({ width: 1 })
  const answers = [await post({ to: NUMBER, text: 'one' }), await post({ to: NUMBER, text: 'two' })]
  expect(answers.map(({ status }) => status)).toEqual([202, 202])
  const [one, two] = (await Promise.all(answers.map((answer) => answer.json()))) as { id: string; position: number }[]
  const look = async (id: string) => (await request(`/messages/${id}`)).json()

  const first = await carrier.next()
  expect(first).toMatchObject({ sms: { to: NUMBER, text: 'one' }, options: { idempotencyKey: one!.id } })
  expect(first.options.attemptToken).toBeTruthy()
  expect(await look(one!.id)).toEqual({ state: 'underway', position: null, error: null })
  expect(await look(two!.id)).toEqual({ state: 'pending', position: 1, error: null })

  const done = (await service.queue.job(one!.id)).watch()
  first.receipt.callback(receipt)
  expect((await done).result).toEqual(receipt)
  expect(await look(one!.id)).toEqual({ state: 'finished', position: null, error: null })
  await carrier.next()
  expect(await look(two!.id)).toMatchObject({ state: 'underway' })
  expect(faults).toEqual([])
})

test('the answer says where in the line a message is', async () => {
  const { post } = await openService({ width: 0 })
  for (const position of [1, 2, 3]) {
    const answer = await post({ to: NUMBER, text: 'hi' })
    expect(await answer.json()).toEqual({ id: expect.any(String), position })
  }
})

test('a form will do, and so will JSON', async () => {
  const { request, service } = await openService({ width: 0 })
  const fields = { to: '+34 612 345 678', text: 'one\r\ntwo' }
  const data = new FormData()
  for (const [name, value] of Object.entries(fields)) data.set(name, value)
  const bodies: RequestInit[] = [
    { body: new URLSearchParams(fields) },
    { body: data },
    { body: JSON.stringify(fields), headers: { 'content-type': 'application/json; charset=utf-8' } },
  ]
  for (const init of bodies) {
    const answer = await request('/messages', { method: 'POST', ...init })
    expect(answer.status).toBe(202)
    const { id } = (await answer.json()) as { id: string }
    // The number as the carrier wants it, the lines as everybody counts them.
    expect((await service.queue.job(id)).arg).toEqual({ to: NUMBER, text: 'one\ntwo' })
  }
})

const json = (body: string) => ({ body, headers: { 'content-type': 'application/json' } })
const sms = (to: unknown, text: unknown) => json(JSON.stringify({ to, text }))

test.each<[string, RequestInit, number, string]>([
  ['a national number', sms('612 345 678', 'hi'), 400, 'ERR_NUMBER'],
  ['no number', sms('', 'hi'), 400, 'ERR_NUMBER'],
  ['a number that does not exist', sms('+34 012 345 678', 'hi'), 400, 'ERR_NUMBER'],
  ['an empty text', sms(NUMBER, ''), 400, 'ERR_TEXT_EMPTY'],
  ['a text of blanks', sms(NUMBER, ' \r\n\t'), 400, 'ERR_TEXT_EMPTY'],
  ['a text of 1,601 characters', sms(NUMBER, 'x'.repeat(1_601)), 400, 'ERR_TEXT_LONG'],
  ['a number that is a number', sms(34612345678, 'hi'), 400, 'ERR_INVALID'],
  ['a text that is none', sms(NUMBER, { $ne: '' }), 400, 'ERR_INVALID'],
  ['a field too many', json(JSON.stringify({ to: NUMBER, text: 'hi', priority: -1 })), 400, 'ERR_INVALID'],
  ['a field too few', json('{}'), 400, 'ERR_INVALID'],
  ['a list', json('[]'), 400, 'ERR_INVALID'],
  ['null', json('null'), 400, 'ERR_INVALID'],
  ['half of JSON', json('{"to": "'), 400, 'ERR_MALFORMED'],
  ['nothing', json(''), 400, 'ERR_MALFORMED'],
  ['a form that is none', { body: 'x', headers: { 'content-type': 'multipart/form-data' } }, 400, 'ERR_MALFORMED'],
  ['plain text', { body: 'hi' }, 415, 'ERR_UNSUPPORTED_TYPE'],
  ['XML', { body: '<sms/>', headers: { 'content-type': 'application/xml' } }, 415, 'ERR_UNSUPPORTED_TYPE'],
  ['more than a megabyte', sms(NUMBER, 'x'.repeat(1_048_577)), 413, 'ERR_TOO_LARGE'],
  ['a foreign origin', { ...sms(NUMBER, 'hi'), headers: { 'content-type': 'application/json', origin: 'https://evil.example' } }, 403, 'ERR_FOREIGN_ORIGIN'],
])('%s is refused, and nothing is queued', async (_, init, status, code) => {
  const { request, service, faults } = await openService()
  const answer = await request('/messages', { method: 'POST', ...init })
  expect(answer.status).toBe(status)
  expect(answer.headers.get('content-type')).toBe('application/problem+json')
  expect(await answer.json()).toMatchObject({ status, code, detail: expect.any(String) })
  expect(await service.queue.counts()).toMatchObject({ pending: 0, underway: 0 })
  expect(faults).toEqual([])
})

test('a text of 1,600 characters is taken as it is', async () => {
  const { send, service } = await openService({ width: 0 })
  const text = `${'x'.repeat(1_595)} <b>☂`
  expect((await service.queue.job(await send(text))).arg.text).toBe(text)
  expect((await service.queue.job(await send('half \ud83d and 😀'))).arg.text).toBe('half \ufffd and 😀')
})

test('a refusal says which field it is about', async () => {
  const { post } = await openService()
  expect(await (await post({ to: '1', text: 'hi' })).json()).toMatchObject({ errors: [{ path: 'to' }] })
  expect(await (await post({ to: NUMBER, text: '' })).json()).toMatchObject({ errors: [{ path: 'text' }] })
})

test('each address may send so many, and is told when it may again', async () => {
  const clock = new ManualClock(1_800_000_000_000)
  const { post } = await openService({ messagesRate: { limit: 2, per: 60_000 }, width: 0, clock })
  const message: Sms = { to: NUMBER, text: 'hi' }
  const statusFrom = async (from: string) => (await post(message, { from })).status

  expect([await statusFrom('192.0.2.1'), await statusFrom('192.0.2.1')]).toEqual([202, 202])
  clock.advance(30_000)
  const refused = await post(message, { from: '192.0.2.1' })
  expect(refused.status).toBe(429)
  expect(refused.headers.get('retry-after')).toBe('30')
  expect(await refused.json()).toMatchObject({ code: 'ERR_TOO_MANY_REQUESTS' })

  expect(await statusFrom('192.0.2.2')).toBe(202)
  expect((await post({ to: 'x', text: 'hi' }, { from: '192.0.2.1' })).status).toBe(400)
  clock.advance(30_001)
  expect(await statusFrom('192.0.2.1')).toBe(202)
})

test('what the carrier says stays with the admin: the public hears the code alone', async () => {
  const { request, admin, carrier, send, service } = await openService()
  const id = await send('a secret text')
  const words = `The 'To' number ${NUMBER} is not a valid phone number`
  const { receipt } = await carrier.next()
  const over = (await service.queue.job(id)).watch()
  receipt.errback(new Permanent(new CarrierError('21211', words)))
  await expect(over).rejects.toMatchObject({ name: 'JobFailed' })

  const text = await (await request(`/messages/${id}`)).text()
  expect(JSON.parse(text)).toEqual({ state: 'failed', position: null, error: '21211' })
  expect(text).not.toMatch(/34612345678|secret/)
  expect(await (await admin(`/api/queues/sms/jobs/${id}`)).json()).toMatchObject({ error: { message: words, code: '21211' } })
})

test('a message has five attempts, each with the same key and a token of its own', async () => {
  const { carrier, send, request, service } = await openService()
  const id = await send()
  const tokens = new Set<string>()
  for (let attempt = 1; attempt <= 5; attempt++) {
    const { options, receipt } = await carrier.next()
    expect(options.idempotencyKey).toBe(id)
    tokens.add(options.attemptToken)
    receipt.errback(new CarrierError('ERR_CARRIER_503', 'Down'))
  }
  expect(tokens.size).toBe(5)
  await expect((await service.queue.job(id)).watch()).rejects.toMatchObject({ name: 'JobFailed' })
  expect(await (await request(`/messages/${id}`)).json()).toEqual({ state: 'failed', position: null, error: 'ERR_CARRIER_503' })
})

test('a message that waits for another attempt says why', async () => {
  const { carrier, send, request, service } = await openService({ retryDelays: [60_000] })
  const id = await send()
  const { receipt } = await carrier.next()
  const waiting = new Deferred()
  service.queue.observe((event) => {
    if (event.type === 'job' && event.job.state === 'pending' && !waiting.called) waiting.callback()
  })
  receipt.errback(new CarrierError('ERR_CARRIER_CONNECTION', 'Broken'))
  await waiting
  expect(await (await request(`/messages/${id}`)).json()).toEqual({
    state: 'pending',
    position: null,
    error: 'ERR_CARRIER_CONNECTION',
  })
})

test('several messages can be asked about at once', async () => {
  const { request, send } = await openService({ width: 0 })
  const ids = [await send(), await send()]
  const answer = await request(`/messages?ids=${[...ids, 'none'].join(',')}`)
  expect(await answer.json()).toEqual({
    messages: {
      [ids[0]!]: { state: 'pending', position: 1, error: null },
      [ids[1]!]: { state: 'pending', position: 2, error: null },
      none: null,
    },
  })
  expect((await request('/messages')).status).toBe(400)
  expect((await request(`/messages?ids=${Array.from({ length: 51 }, (_, i) => i).join(',')}`)).status).toBe(400)
})

test.each(['none', '00000000-0000-7000-8000-000000000000', '..%2f..', 'constructor', "' OR 1=1"])(
  'there is no message %s',
  async (id) => {
    const { request } = await openService()
    const answer = await request(`/messages/${encodeURIComponent(id)}`)
    expect(answer.status).toBe(404)
    expect(await answer.json()).toMatchObject({ code: 'ERR_JOB_NOT_FOUND' })
  },
)

test('wrong methods are told which are right', async () => {
  const { request } = await openService()
  const answer = await request('/messages/x', { method: 'DELETE' })
  expect(answer.status).toBe(405)
  expect(answer.headers.get('allow')).toContain('GET')
})
