import { postgresStore } from '@potoroo/postgres'
import { openQueue } from '@potoroo/queue'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { PostgresServer } from '../../../test/postgres-server.ts'
import { openStore } from './open-store.ts'
import { makePool } from './pool.ts'
import { WorkerProcess } from './worker-process.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
let server: PostgresServer
beforeAll(async () => {
  server = await PostgresServer.start()
})
afterAll(() => server.stop())

test('a store says how far this clock is ahead, and nothing of one that may be right', async () => {
  const pool = makePool(server.url())
  const time = vi.spyOn(Date, 'now')
  let ahead = 0
  time.mockImplementation(() => performance.timeOrigin + performance.now() + ahead)
  const queue = await postgresStore({ pool, schema: 'skew' }).open('q', {}, () => undefined)
  try {
    expect(queue.skew).toBe(0)
    ahead = HOUR
    await queue.status()
    const skew = queue.skew!
    expect(Math.abs(skew - HOUR)).toBeLessThan(MINUTE)
    // It stays while it may be right.
    await queue.status()
    expect(queue.skew).toBe(skew)
    ahead = -HOUR
    await queue.status()
    expect(Math.abs(queue.skew! + HOUR)).toBeLessThan(MINUTE)
    ahead = 0
    await queue.status()
    expect(Math.abs(queue.skew!)).toBeLessThan(MINUTE)
    // An answer that took an hour, or a process that stood still for one, is no sign of anything.
    pool.once('acquire', () => (ahead = HOUR))
    const before = queue.skew
    await queue.status()
    expect(ahead).toBe(HOUR)
    expect(queue.skew).toBe(before)
  } finally {
    time.mockRestore()
    await queue.close()
    await pool.end()
  }
})

test('a worker whose clock is an hour fast starts nothing before its time, and what it puts is due when it should be', async () => {
  const where = `${server.url()}#fast`
  await using producer = await openQueue<number, string>({ name: 'q', store: openStore(where), width: 10 })
  const later = await producer.put(1, { delay: HOUR / 2 })
  await using worker = new WorkerProcess(where, { clockIsFastBy: HOUR })
  await worker.says('ready')
  for (const n of [2, 3]) {
    const job = await producer.put(n)
    await worker.says(`start ${job.id} 1`)
    worker.tell('end')
    const { queuedTime, stopTime } = await job.watch()
    expect(stopTime! - queuedTime).toBeLessThan(HOUR / 2)
  }
  expect(await producer.job(later.id)).toMatchObject({ state: 'pending', attempt: 0 })
  worker.tell(`put {"delay":${HOUR / 2}}`)
  await worker.says('put')
  const runAt = Number(worker.lines.find((line) => line.startsWith('put '))!.slice(4))
  expect(Math.abs(runAt - later.runAt)).toBeLessThan(HOUR / 4)
  await worker.stop()
})

test('a worker whose clock is an hour slow starts what is due', async () => {
  const where = `${server.url()}#slow`
  await using producer = await openQueue<number, string>({ name: 'q', store: openStore(where), width: 10 })
  await using worker = new WorkerProcess(where, { clockIsFastBy: -HOUR })
  await worker.says('ready')
  const soon = await producer.put(1, { delay: 100 })
  await worker.says(`start ${soon.id} 1`)
  worker.tell('end')
  expect((await soon.watch()).stopTime).toBeGreaterThanOrEqual(soon.runAt)
  await worker.stop()
})

test('a job is not said to have started before it was due, by a worker who had waited for his turn since before that', async () => {
  const pool = makePool(server.url())
  const open = () => postgresStore({ pool, schema: 'turns', rateClock: 'caller' }).open('q', {}, () => undefined)
  const [here, there] = [await open(), await open()]
  try {
    const worker = { id: 'w', lease: 5_000 }
    await here.renew(worker, 1_000)
    const job = { id: 'j', arg: '1', priority: 0, runAt: 1_050, key: null, maxAttempts: 1, timeout: null }
    await there.put([job], { size: Infinity, now: 1_050 })
    const { claimed } = await here.exchange(() => ({ worker, outcomes: [], started: [], holdUntil: 0, places: 1, token: 'w.1', now: 1_000 }))
    expect(claimed).toMatchObject([{ id: 'j', startTime: 1_050 }])
  } finally {
    await here.close()
    await there.close()
    await pool.end()
  }
})
