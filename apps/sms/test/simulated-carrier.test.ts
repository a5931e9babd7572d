import { expect, test } from 'vitest'
import { CarrierClient } from '../src/carrier/client.ts'
import { createSimulatedCarrier, REFUSED_NUMBERS } from '../src/carrier/simulated.ts'
import { normalizeNumber } from '../src/phone.ts'
import { listen } from './support/http-server.ts'

const to = '+34612345678'

function clientOf(url: URL, account = 'AC1'): CarrierClient {
  return new CarrierClient({ url: () => url, account, token: 'token', from: '+15005550006' })
}

let keys = 0
const attempt = (idempotencyKey = `job-${++keys}`) => ({
  idempotencyKey,
  attemptToken: 'attempt',
  signal: new AbortController().signal,
})

/** A carrier whose luck is what it is told, number for number: one for the luck, one for the time. */
const carrierWith = (failures: number, ...numbers: number[]) =>
  listen(createSimulatedCarrier({ latency: 0, failures, random: () => numbers.shift() ?? 0.99 }))

test('it takes a message and gives a receipt', async () => {
  const url = await carrierWith(0)
  const receipt = await clientOf(url).send({ to, text: 'hi' }, attempt())
  expect(receipt).toEqual({ sid: expect.stringMatching(/^SM[0-9a-f]{32}$/), status: 'queued' })
})

test('it fails now and then: 503, 429 with Retry-After, a cut line', async () => {
  const url = await carrierWith(0.4, 0.19, 0, 0.29, 0, 0.39, 0, 0.41, 0)
  const client = clientOf(url)
  const sms = { to, text: 'hi' }
  await expect(client.send(sms, attempt())).rejects.toMatchObject({ code: '20503' })
  await expect(client.send(sms, attempt())).rejects.toMatchObject({ code: 'ERR_RETRY_AFTER', ms: 1_000 })
  await expect(client.send(sms, attempt())).rejects.toMatchObject({ code: 'ERR_CARRIER_CONNECTION' })
  await expect(client.send(sms, attempt())).resolves.toMatchObject({ status: 'queued' })
})

test.each([...REFUSED_NUMBERS])('%s is a number that the form takes and the carrier always refuses', async (number, [code]) => {
  const url = await carrierWith(0)
  expect(normalizeNumber(number)).toBe(number)
  await expect(clientOf(url).send({ to: number, text: 'hi' }, attempt())).rejects.toMatchObject({
    name: 'Permanent',
    cause: { code: String(code) },
  })
})

test.each([
  [{ to: '12345', text: 'hi' }, '21211'],
  [{ to: '', text: 'hi' }, '21604'],
  [{ to, text: '' }, '21602'],
  [{ to, text: 'x'.repeat(1_601) }, '21617'],
])('it refuses what Twilio refuses: %o', async (sms, code) => {
  const url = await carrierWith(0)
  await expect(clientOf(url).send(sms, attempt())).rejects.toMatchObject({ name: 'Permanent', cause: { code } })
})

test('a key that was answered gets the same answer again, also while the first is still on its way', async () => {
  const url = await carrierWith(0)
  const client = clientOf(url)
  const sms = { to, text: 'hi' }
  const [first, beside] = await Promise.all([client.send(sms, attempt('k')), client.send(sms, attempt('k'))])
  const later = await client.send(sms, attempt('k'))
  const another = await client.send(sms, attempt('other'))
  expect(beside).toEqual(first)
  expect(later).toEqual(first)
  expect(another.sid).not.toBe(first.sid)
})

test('a failure that passes is not remembered', async () => {
  const url = await carrierWith(0.5, 0.1, 0)
  const client = clientOf(url)
  await expect(client.send({ to, text: 'hi' }, attempt('k'))).rejects.toMatchObject({ code: '20503' })
  await expect(client.send({ to, text: 'hi' }, attempt('k'))).resolves.toMatchObject({ status: 'queued' })
})

test('it wants the right account, path and method', async () => {
  const url = await carrierWith(0)
  const path = new URL('/2010-04-01/Accounts/AC1/Messages.json', url)
  const basic = (user: string) => ({ authorization: `Basic ${btoa(`${user}:token`)}` })
  expect((await fetch(path, { method: 'POST' })).status).toBe(401)
  expect((await fetch(path, { method: 'POST', headers: basic('AC2') })).status).toBe(401)
  expect((await fetch(path, { headers: basic('AC1') })).status).toBe(405)
  expect((await fetch(url, { method: 'POST', headers: basic('AC1') })).status).toBe(404)
})
