import type { Job } from '@potoroo/protocol'
import { checkStarts } from '@potoroo/store-tests'
import { createServer } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { PostgresServer } from '../../../test/postgres-server.ts'
import { answerJson, listen } from './support/http-server.ts'
import { send, ServiceProcess, temporaryFolder } from './support/process.ts'

const TOKEN = 'a-token-of-the-test'
const WIDTH = 4
const RATE = { limit: 30, per: 500 }
const authorization = { authorization: `Bearer ${TOKEN}` }

let server: PostgresServer
beforeAll(async () => {
  server = await PostgresServer.start()
})
afterAll(() => server[Symbol.asyncDispose]())

/** A carrier that takes its time, and notes whose messages it was sent and how many at once. */
async function slowCarrier() {
  const ids: string[] = []
  const carrier = { url: '', ids, mostOpen: 0 }
  let open = 0
  const url = await listen(
    createServer((request, response) => {
      ids.push(String(request.headers['idempotency-key']))
      carrier.mostOpen = Math.max(carrier.mostOpen, ++open)
      request.resume()
      const timer = setTimeout(() => answerJson(response, 201, { sid: `SM${ids.length}`, status: 'queued' }), 5 + (ids.length % 30))
      response.on('close', () => {
        clearTimeout(timer)
        open--
      })
    }),
  )
  carrier.url = url.href
  return carrier
}

test('two services on one database: one is killed under load and started again; nothing is lost, both limits are kept', async () => {
  const carrier = await slowCarrier()
  const env = {
    POTOROO_STORE: server.url(),
    POTOROO_ADMIN_TOKEN: TOKEN,
    CARRIER_URL: carrier.url,
    MESSAGES_RATE: 'none',
    WIDTH: String(WIDTH),
    RATE: `${RATE.limit}/${RATE.per}ms`,
    LEASE: '5s',
  }
  const folder = temporaryFolder()
  const survivor = await ServiceProcess.start(folder, env)
  const victim = await ServiceProcess.start(folder, env)
  const acknowledged = new Set<string>()
  const sendUntilItDies = async (url: string, most: number): Promise<void> => {
    for (let i = 0; i < most; i++) {
      const id = await send(url).catch(() => undefined)
      if (id === undefined) return
      acknowledged.add(id)
    }
  }
  const sending = [sendUntilItDies(survivor.url, 60), sendUntilItDies(victim.url, 1_000), sendUntilItDies(victim.url, 1_000)]
  await expect.poll(() => carrier.ids.length).toBeGreaterThan(40)
  victim.signal('SIGKILL')
  await Promise.all(sending)
  const again = await ServiceProcess.start(folder, env)
  await sendUntilItDies(again.url, 20)

  const jobs: Job[] = []
  for (const id of acknowledged) {
    const answer = await fetch(`${survivor.url}/api/queues/sms/jobs/${id}?wait=30`, { headers: authorization })
    jobs.push((await answer.json()) as Job)
  }
  expect(jobs.filter(({ state }) => state !== 'finished')).toEqual([])
  expect([...acknowledged].filter((id) => !carrier.ids.includes(id))).toEqual([])
  // Only what the victim had underway was sent twice.
  expect(carrier.ids.length - new Set(carrier.ids).size).toBeLessThanOrEqual(WIDTH)
  expect(carrier.mostOpen).toBeLessThanOrEqual(WIDTH)
  const starts = jobs.map(({ startTime }) => ({ start: Date.parse(startTime!), stop: Date.parse(startTime!) }))
  expect(checkStarts(starts, [{ from: 0, width: Infinity, rate: RATE }])).toBeNull()
  for (const service of [survivor, again]) {
    service.signal('SIGTERM')
    expect(await service.ended()).toBe(0)
  }
})

test('a database that is not there is one line and exit status 1; one that goes away shows in /readyz, and comes back', async () => {
  const folder = temporaryFolder()
  const env = { POTOROO_ADMIN_TOKEN: TOKEN, CARRIER_LATENCY: '0', CARRIER_FAILURES: '0' }
  const nowhere = new ServiceProcess(folder, { ...env, POTOROO_STORE: 'postgres://me:hunter2@127.0.0.1:1/sms' })
  expect(await nowhere.ended()).toBe(1)
  expect(nowhere.stderr).toMatch(/^PostgreSQL at 127.0.0.1:1\/sms: the server cannot be reached \(.*ECONNREFUSED.*\)\n$/)

  const service = await ServiceProcess.start(folder, { ...env, POTOROO_STORE: server.url() })
  const ready = async (): Promise<number> => (await fetch(`${service.url}/readyz`)).status
  expect(await ready()).toBe(200)
  await server.crash()
  await expect.poll(ready).toBe(503)
  const sent = send(service.url)
  await server.start()
  const id = await sent
  await expect.poll(ready).toBe(200)
  const job = await fetch(`${service.url}/api/queues/sms/jobs/${id}?wait=30`, { headers: authorization })
  expect(await job.json()).toMatchObject({ state: 'finished' })
})
