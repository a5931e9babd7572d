import { openQueue, type StoreError } from '@potoroo/queue'
import { postgresStore } from '@potoroo/postgres'
import { ManualClock } from 'potoroo'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { PostgresServer } from '../../../test/postgres-server.ts'
import { deafPool } from './pool.ts'
import { Proxy } from './proxy.ts'

let server: PostgresServer
let proxy: Proxy
let schemas = 0
/** Of each test, its own. */
let schema: string

beforeAll(async () => {
  server = await PostgresServer.start()
})
beforeEach(async () => {
  proxy = await Proxy.to(server.port)
  schema = `trouble${++schemas}`
})
afterEach(() => proxy[Symbol.asyncDispose]())
afterAll(() => server[Symbol.asyncDispose]())

const isPut = (text: string): boolean => text.includes('.run(') && text.includes('"op":"put"')
/** Numbers that look random, and are the same in each run. */
function* random(seed: number): Generator<number, never> {
  for (let state = seed; ; ) yield (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31
}

test('a put whose answer is lost is looked up: it is there once, and the caller hears of it', async () => {
  const troubles: (string | null)[] = []
  await using queue = await openQueue<number>({
    name: 'q',
    store: postgresStore({ connectionString: proxy.url, schema, onTrouble: (error) => troubles.push(error?.code ?? null) }),
  })
  let lost = false
  proxy.onAnswer = (_, query) => {
    if (lost || !isPut(query)) return 'pass'
    lost = true
    return 'cut'
  }
  const put = await queue.put(1)
  expect(lost).toBe(true)
  expect((await queue.list()).jobs.map(({ id }) => id)).toEqual([put.id])
  expect(troubles).toEqual(['ERR_STORE_UNAVAILABLE', null])
})

test('with lines that are cut at any moment, every job that was put runs, and runs once', async () => {
  const numbers = random(7)
  const runs = new Map<number, number>()
  const warnings: Error[] = []
  const open = (handler?: (n: number) => void) =>
    openQueue<number>({
      name: 'q',
      store: postgresStore({ connectionString: proxy.url, schema }),
      width: 5,
      onWarning: (error) => warnings.push(error),
      ...(handler && { handler }),
    })
  await using producer = await open()
  await using worker = await open((n) => void runs.set(n, (runs.get(n) ?? 0) + 1))
  let cuts = 0
  const judge = (): 'pass' | 'cut' => {
    if (cuts >= 60 || numbers.next().value > 0.06) return 'pass'
    cuts++
    return 'cut'
  }
  proxy.onQuery = judge
  proxy.onAnswer = judge
  const jobs = []
  for (let n = 0; cuts < 60; n += 3) {
    const puts = [producer.put(n), producer.put(n + 1, { key: `${n}` }), producer.putMany([{ arg: n + 2 }])]
    for (const put of puts) jobs.push(await put)
  }
  const all = jobs.flat()
  for (const job of all) await job.watch()
  await worker.idle()
  expect([...runs.values()].filter((times) => times !== 1)).toEqual([])
  expect(runs.size).toBe(all.length)
  expect((await producer.counts()).finished).toBe(all.length)
  expect(warnings).toEqual([])
})

test('a line that is dead without a word is given up after a time, and what was asked is done on another', async () => {
  const clock = new ManualClock(Date.now())
  await using queue = await openQueue<number>({ name: 'q', store: postgresStore({ connectionString: proxy.url, schema, clock }) })
  await queue.put(1)
  const troubles: unknown[] = []
  proxy.goSilent()
  const put = queue.put(2)
  put.addBoth((result) => {
    troubles.push(result)
    return result
  })
  await expect.poll(() => clock.pendingTimers).toBeGreaterThan(0)
  expect(troubles).toEqual([])
  proxy.recover()
  // All that waits gets its time.
  const passing = setInterval(() => clock.advance(1_000), 5)
  await put
  expect((await queue.counts()).pending).toBe(2)
  clearInterval(passing)
})

test('while the server is away puts wait for it, and fail with a code if it stays away; nothing that failed is there', async () => {
  const clock = new ManualClock(Date.now())
  const troubles: (StoreError | null)[] = []
  const store = postgresStore({ connectionString: server.url(), schema, clock, onTrouble: (error) => troubles.push(error) })
  await using queue = await openQueue<number>({ name: 'q', store })
  await queue.put(1)
  await server.crash()
  const short = queue.put(2)
  await expect.poll(() => troubles.length).toBe(1)
  expect(troubles[0]).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
  const passing = setInterval(() => clock.advance(200), 1)
  const long: unknown = await queue.put(3).then(undefined, (error: unknown) => error)
  expect(long).toMatchObject({ name: 'StoreError', code: 'ERR_STORE_UNAVAILABLE' })
  await server.start()
  const outcome: unknown = await short.then(undefined, (error: unknown) => error)
  const after = await queue.put(4)
  clearInterval(passing)
  const there = (await queue.list()).jobs.map(({ arg }) => arg)
  // The one that was sent when the line was cut is either done or not, and says which.
  expect(there).toEqual(outcome instanceof Error ? [1, 4] : [1, 2, 4])
  expect(after.state).toBe('pending')
  expect(troubles.at(-1)).toBeNull()
})

test('a queue that is stopped while the server is away lets go of all who wait, and of every line', async () => {
  const clock = new ManualClock(Date.now())
  const queue = await openQueue<number>({
    name: 'q',
    store: postgresStore({ connectionString: server.url(), schema, clock }),
    handler: () => undefined,
    onWarning: () => {},
  })
  await server.crash()
  const puts = [1, 2, 3].map((n) => queue.put(n).then(undefined, (error: unknown) => (error as StoreError).code))
  const passing = setInterval(() => clock.advance(500), 1)
  await queue.stop({ within: 10 })
  clearInterval(passing)
  for (const code of await Promise.all(puts)) expect(code).toMatch(/^ERR_STORE_(UNAVAILABLE|UNKNOWN)$/)
  await server.start()
})

test('what a server says that is to stop ends no process, and the queue goes on when it is back', async () => {
  const ran: number[] = []
  await using queue = await openQueue<number>({
    name: 'q',
    store: postgresStore({ connectionString: server.url(), schema }),
    handler: (n) => void ran.push(n),
    onWarning: () => {},
  })
  await (await queue.put(1)).watch()
  await server.stop()
  await server.start()
  await (await queue.put(2)).watch()
  expect(ran).toEqual([1, 2])
})

test('without notes, as behind a pooler, changes arrive all the same', async () => {
  const pool = deafPool(server.url())
  try {
    let aborted!: () => void
    const abort = new Promise<void>((resolve) => (aborted = resolve))
    await using worker = await openQueue<number, number>({
      name: 'q',
      store: postgresStore({ pool, schema }),
      handler: (n, { signal }) =>
        n > 0
          ? n
          : new Promise((_, reject) => {
              signal.addEventListener('abort', () => {
                aborted()
                reject(new Error('cancelled'))
              })
            }),
    })
    await using other = await openQueue<number, number>({ name: 'q', store: postgresStore({ pool, schema }) })
    expect((await (await other.put(1)).watch()).result).toBe(1)
    const endless = await other.put(0)
    await expect.poll(async () => (await worker.job(endless.id)).state).toBe('underway')
    await endless.cancel()
    await abort
    await other.setWidth(3)
    await expect.poll(async () => (await worker.status()).width).toBe(3)
  } finally {
    await pool.end()
  }
})

test('looks for silent workers that gather while the server is away count as one', async () => {
  const queue = await postgresStore({ connectionString: server.url(), schema }).open('q', {}, () => {})
  const worker = { id: 'w', lease: 5_000 }
  await queue.renew(worker, 1)
  await queue.put([{ id: 'a', arg: '1', priority: 0, runAt: 1, key: null, maxAttempts: 2, timeout: null }], { size: 1, now: 1 })
  await queue.exchange(() => ({ worker, outcomes: [], started: [], holdUntil: 0, places: 1, token: 'w.1', now: 2 }))
  expect(await queue.recover(() => 3, 1_000, 'other')).toBe(0)
  const looks = Array.from({ length: 6 }, () => queue.recover(() => 4, 1_000, 'other'))
  expect(await Promise.all(looks)).toEqual([0, 0, 0, 0, 0, 0])
  expect(await queue.renew(worker, 5)).toBe(true)
  expect((await queue.job('a'))?.state).toBe('underway')
  await queue.close()
})
