import type { ServerResponse } from 'node:http'
import { expect, test } from 'vitest'
import { Deferred, ManualClock } from 'potoroo'
import { Permanent, RetryAfter } from '@potoroo/queue'
import { CarrierError, type SendOptions } from '../src/carrier/carrier.ts'
import { CarrierClient, type CarrierClientOptions } from '../src/carrier/client.ts'
import { answerJson, listen, scriptedCarrier } from './support/http-server.ts'

const sms = { to: '+34612345678', text: 'Hello & good-bye: 100% ünïcödé ☂' }

function clientOf(url: URL, options: Partial<CarrierClientOptions> = {}): CarrierClient {
  return new CarrierClient({ url: () => url, account: 'AC/1', token: 't0:ken', from: '+15005550006', ...options })
}

function attempt(options: Partial<SendOptions> = {}): SendOptions {
  return { idempotencyKey: 'job-1', attemptToken: 'attempt-1', signal: new AbortController().signal, ...options }
}

/** What sending comes to, with a carrier that answers so. */
async function failureWith(answer: (response: ServerResponse) => void, options: Partial<CarrierClientOptions> = {}): Promise<unknown> {
  const { url } = await scriptedCarrier(answer)
  return clientOf(url, options)
    .send(sms, attempt())
    .then(
      () => expect.unreachable('it was sent'),
      (error: unknown) => error,
    )
}

test("a message is posted in Twilio's wire format", async () => {
  const { url, seen } = await scriptedCarrier((response) => answerJson(response, 201, { sid: 'SM1', status: 'queued' }))
  const receipt = await clientOf(new URL('/gateway/', url)).send(sms, attempt())

  expect(receipt).toEqual({ sid: 'SM1', status: 'queued' })
  expect(seen).toHaveLength(1)
  const { method, path, headers, form } = seen[0]!
  expect(method).toBe('POST')
  expect(path).toBe('/gateway/2010-04-01/Accounts/AC%2F1/Messages.json')
  expect(Object.fromEntries(form)).toEqual({ To: sms.to, From: '+15005550006', Body: sms.text })
  expect(headers['content-type']).toMatch(/^application\/x-www-form-urlencoded/)
  expect(headers.authorization).toBe(`Basic ${Buffer.from('AC/1:t0:ken').toString('base64')}`)
  expect(headers['idempotency-key']).toBe('job-1')
  expect(headers['attempt-token']).toBe('attempt-1')
})

test('connections are used again', async () => {
  const ports = new Set<number | undefined>()
  const url = await listen((request, response) => {
    ports.add(request.socket.remotePort)
    request.resume().on('end', () => answerJson(response, 201, { sid: 'SM1' }))
  })
  for (let i = 0; i < 10; i++) await clientOf(url).send(sms, attempt())
  expect(ports.size).toBeLessThan(10)
})

test.each([
  [400, { code: 21211, message: 'No valid number', status: 400 }, '21211', 'No valid number'],
  [401, { code: 20003, message: 'Authenticate' }, '20003', 'Authenticate'],
  [404, {}, 'ERR_CARRIER_404', 'The carrier answered with status 404'],
  [422, { code: 'of their own', message: 7 }, 'ERR_CARRIER_422', 'The carrier answered with status 422'],
  [400, null, 'ERR_CARRIER_400', 'The carrier answered with status 400'],
])('a %i is for good, and keeps the words of the carrier: %j', async (status, body, code, message) => {
  const error = await failureWith((response) => answerJson(response, status, body))
  expect(error).toBeInstanceOf(Permanent)
  expect((error as Permanent).cause).toMatchObject({ name: 'CarrierError', code, message })
})

test.each([
  [500, { code: 20500, message: 'Oops' }, '20500'],
  [503, 'down for a while', 'ERR_CARRIER_503'],
  [502, undefined, 'ERR_CARRIER_502'],
])('a %i may pass', async (status, body, code) => {
  const error = await failureWith((response) => answerJson(response, status, body ?? ''))
  expect(error).toBeInstanceOf(CarrierError)
  expect(error).toMatchObject({ code })
})

test.each([
  ['seconds', { 'retry-after': '7' }, 7_000],
  ['parts of a second', { 'retry-after': '1.5' }, 1_500],
  ['a date, by the clock of the carrier', { 'retry-after': 'Wed, 01 Jan 2020 00:00:09 GMT', date: 'Wed, 01 Jan 2020 00:00:00 GMT' }, 9_000],
  ['a date that has passed', { 'retry-after': 'Wed, 01 Jan 2020 00:00:00 GMT', date: 'Wed, 01 Jan 2020 00:00:09 GMT' }, 100],
  ['now', { 'retry-after': '0' }, 100],
  ['a year', { 'retry-after': '31536000' }, 3_600_000],
  ['nonsense', { 'retry-after': 'a while' }, 1_000],
  ['nothing', {}, 1_000],
])('a 429 holds the queue back, for %s', async (_, headers, ms) => {
  const error = await failureWith((response) => answerJson(response, 429, { code: 20429 }, headers as Record<string, string>))
  expect(error).toBeInstanceOf(RetryAfter)
  expect(error).toMatchObject({ ms })
})

test.each([
  ['is not JSON', (response: ServerResponse) => response.writeHead(201).end('<html>Welcome to our hotel</html>')],
  ['is no receipt', (response: ServerResponse) => answerJson(response, 201, { sid: '' })],
  ['is a list', (response: ServerResponse) => answerJson(response, 201, ['SM1'])],
  ['is empty', (response: ServerResponse) => response.writeHead(204).end()],
  ['has another status', (response: ServerResponse) => answerJson(response, 200, { sid: 'SM1' })],
  ['is far too long', (response: ServerResponse) => answerJson(response, 201, { sid: 'SM1', more: 'x'.repeat(100_000) })],
])('a good answer that %s is not believed', async (_, answer) => {
  const error = await failureWith(answer)
  expect(error).toBeInstanceOf(CarrierError)
  expect(error).toMatchObject({ code: 'ERR_CARRIER_ANSWER' })
})

test('an answer without an end is left behind', async () => {
  const error = await failureWith((response) => {
    response.writeHead(400)
    const pour = (): void => void (response.write('x'.repeat(16_384)) ? setImmediate(pour) : response.once('drain', pour))
    pour()
  })
  expect((error as Permanent).cause).toMatchObject({ code: 'ERR_CARRIER_400' })
})

test('a redirect is not followed: nobody else gets the message or the credentials', async () => {
  const elsewhere = await scriptedCarrier((response) => answerJson(response, 201, { sid: 'SM1' }))
  const error = await failureWith((response) => response.writeHead(307, { location: elsewhere.url.href }).end())
  expect(error).toMatchObject({ name: 'CarrierError', code: 'ERR_CARRIER_307' })
  expect(elsewhere.seen).toEqual([])
})

test('a connection that breaks, before or during the answer, may work another time', async () => {
  const cuts: ((response: ServerResponse) => void)[] = [
    (response) => response.destroy(),
    (response) => {
      response.writeHead(201, { 'content-length': '1000' })
      response.write('{"sid":', () => response.destroy())
    },
  ]
  for (const cut of cuts) expect(await failureWith(cut)).toMatchObject({ code: 'ERR_CARRIER_CONNECTION' })
})

test('nobody there may be somebody another time', async () => {
  const client = clientOf(new URL('http://127.0.0.1:1'))
  await expect(client.send(sms, attempt())).rejects.toMatchObject({ code: 'ERR_CARRIER_CONNECTION' })
})

test('an answer has ten seconds, up to its last byte', async () => {
  const clock = new ManualClock()
  const error = failureWith(
    (response) => {
      response.writeHead(201)
      response.write('{"sid":', () => {
        clock.advance(9_999)
        expect(clock.pendingTimers).toBe(1)
        clock.advance(1)
      })
    },
    { clock },
  )
  await expect(error).resolves.toMatchObject({ name: 'TimeoutError', code: 'ERR_TIMEOUT' })
  expect(clock.pendingTimers).toBe(0)
})

test('a job that is cancelled takes its request back', async () => {
  const controller = new AbortController()
  const cut = new Deferred()
  const url = await listen((request, response) => {
    response.on('close', () => cut.callback())
    request.resume()
    controller.abort()
  })
  await expect(clientOf(url).send(sms, attempt({ signal: controller.signal }))).rejects.toMatchObject({ name: 'AbortError' })
  await cut
})
