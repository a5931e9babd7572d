import { type DurableJob, type DurableQueue, openQueue, Permanent, type QueueOptions, type QueueStore, type Worker } from '@potoroo/queue'
import { postgresStore } from '@potoroo/postgres'
import { Deferred, ManualClock } from 'potoroo'
import type { Pool, PoolClient } from 'pg'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { PostgresServer } from '../../../test/postgres-server.ts'
import { makePool } from './pool.ts'

// What becomes of a job whose handler has ended, while the transaction that completes it is still open.

let server: PostgresServer
let pool: Pool
let schemas = 0
let schema: string

beforeAll(async () => {
  server = await PostgresServer.start()
  pool = makePool(server.url())
})
beforeEach(() => {
  schema = `open${++schemas}`
})
afterAll(async () => {
  await pool?.end()
  await server?.[Symbol.asyncDispose]()
})

const store = () => postgresStore({ pool, schema })
const codeOf = (work: PromiseLike<unknown>) => work.then(() => 'done', (error: unknown) => (error as { code: string }).code)

/** A transaction of somebody's that stays open until it is ended. */
class Transaction implements AsyncDisposable {
  readonly client: PoolClient
  /** Fires when a job has been completed in it. */
  readonly completed = new Deferred()
  #open = true

  private constructor(client: PoolClient) {
    this.client = client
  }

  static async begin(): Promise<Transaction> {
    const client = await pool.connect()
    await client.query('BEGIN')
    return new Transaction(client)
  }

  async complete(job: DurableJob, result?: unknown): Promise<void> {
    await job.complete({ transaction: this.client, result })
    this.completed.callback()
  }

  async end(how: 'COMMIT' | 'ROLLBACK'): Promise<void> {
    this.#open = false
    await this.client.query(how)
    this.client.release()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#open) await this.end('ROLLBACK')
  }
}

/** A queue whose first handler to be called completes its job in a transaction that it leaves open; the others return at once. */
async function openWith(transaction: Transaction, options: Partial<QueueOptions<number, string>> = {}): Promise<DurableQueue<number, string>> {
  let calls = 0
  return openQueue<number, string>({
    name: 'q',
    store: store(),
    retry: { backoff: [0] },
    ...options,
    handler: async (n, job) => {
      if (++calls === 1) await transaction.complete(job, 'in the transaction')
      return `returned ${n}, attempt ${job.attempt}`
    },
  })
}

test('a job whose transaction stays open when its handler has returned holds nobody up, and is finished with it', async () => {
  await using transaction = await Transaction.begin()
  await using queue = await openWith(transaction)
  const first = await queue.put(1)
  await transaction.completed
  // Others are put, start and end meanwhile, also those that have come after its end was to be recorded.
  for (const n of [2, 3, 4]) expect((await (await queue.put(n)).watch()).result).toBe(`returned ${n}, attempt 1`)
  expect((await queue.job(first.id)).state).toBe('underway')
  await transaction.end('COMMIT')
  expect(await first.watch()).toMatchObject({ state: 'finished', result: 'in the transaction', attempt: 1 })
  await queue.idle()
  expect(await queue.status()).toMatchObject({ counts: { pending: 0, underway: 0, finished: 4 }, places: 0 })
})

test('a job whose transaction is rolled back when its handler has returned is tried again', async () => {
  await using transaction = await Transaction.begin()
  await using queue = await openWith(transaction)
  const job = await queue.put(1)
  await transaction.completed
  await (await queue.put(2)).watch()
  await transaction.end('ROLLBACK')
  expect(await job.watch()).toMatchObject({ state: 'finished', result: 'returned 1, attempt 2', attempt: 2 })
  const { attempts } = await job.history()
  expect(attempts.map(({ outcome, error }) => [outcome, error?.code])).toEqual([['failed', 'ERR_ROLLED_BACK'], ['finished', undefined]])
  expect(await queue.status()).toMatchObject({ counts: { pending: 0, underway: 0, finished: 2 }, places: 0 })
})

test('what a handler throws counts for its attempt if its transaction is rolled back, and for nothing if not', async () => {
  for (const [how, after] of [['COMMIT', { state: 'finished', result: 'right' }], ['ROLLBACK', { state: 'failed', result: undefined }]] as const) {
    await using transaction = await Transaction.begin()
    await using queue = await openQueue<number, string>({
      name: how,
      store: store(),
      handler: async (n, job) => {
        if (n !== 1) return ''
        await transaction.complete(job, 'right')
        throw new Permanent('All the same')
      },
    })
    const job = await queue.put(1)
    await transaction.completed
    await (await queue.put(2)).watch()
    await transaction.end(how)
    await queue.idle()
    expect(await queue.job(job.id)).toMatchObject(after)
  }
})

test('a job keeps its place while its transaction is open, and what it logs and reports holds nobody up', async () => {
  await using transaction = await Transaction.begin()
  const ran: number[] = []
  const logged = new Deferred()
  await using queue = await openQueue<number, string>({
    name: 'q',
    store: store(),
    width: 2,
    handler: async (n, job) => {
      ran.push(n)
      if (n !== 1) return ''
      job.report('begun')
      await transaction.complete(job)
      job.report('completed')
      job.log('After that')
      while ((await job.history()).log.length === 0) await (await queue.put(2)).watch()
      logged.callback()
      return ''
    },
  })
  const first = await queue.put(1)
  await logged
  await queue.setWidth(1)
  const last = await queue.put(3)
  await expect.poll(async () => (await queue.explain(last.id)).blockedBy).toBe('width')
  expect(ran).not.toContain(3)
  await transaction.end('COMMIT')
  await last.watch()
  expect((await first.history()).log.map(({ message }) => message)).toEqual(['After that'])
  expect((await first.watch()).state).toBe('finished')
})

test('cancelling a job whose transaction is open holds nobody up, and says what came of that', async () => {
  for (const [how, code, state] of [['COMMIT', 'ERR_JOB_OVER', 'finished'], ['ROLLBACK', 'done', 'cancelled']] as const) {
    await using transaction = await Transaction.begin()
    await using queue = await openWith(transaction, { name: how, retry: { backoff: [3_600_000] } })
    const job = await queue.put(1)
    await transaction.completed
    await (await queue.put(2)).watch()
    const cancelled = codeOf(job.cancel())
    await (await queue.put(3)).watch()
    await transaction.end(how)
    expect(await cancelled).toBe(code)
    await queue.idle()
    expect((await queue.job(job.id)).state).toBe(state)
  }
})

test('a cancel that waits for a transaction fails when the queue is closed, and after ten seconds', async () => {
  await using transaction = await Transaction.begin()
  const clock = new ManualClock()
  const queue = await postgresStore({ pool, schema, clock }).open('q', {}, () => {})
  await claimAndComplete(queue, transaction, { id: 'w', lease: 5_000 })
  const late = codeOf(queue.change('a', { type: 'cancel', error: null }, 2))
  let isSettled = false
  void late.then(() => (isSettled = true))
  await expect
    .poll(async () => {
      clock.advance(1_000)
      await queue.status()
      return isSettled
    })
    .toBe(true)
  expect(await late).toBe('ERR_STORE_BUSY')
  expect(clock.now()).toBeGreaterThanOrEqual(10_000)
  const cut = codeOf(queue.change('a', { type: 'cancel', error: null }, 2))
  await queue.status()
  await queue.close()
  expect(await cut).toBe('ERR_STORE_UNAVAILABLE')
})

/** A worker takes job `a` and completes it in a transaction; it has taken job `b`, too. */
async function claimAndComplete(queue: QueueStore, transaction: Transaction, worker: Worker): Promise<void> {
  await queue.renew(worker, 1)
  const jobs = ['a', 'b'].map((id) => ({ id, arg: '1', priority: 0, runAt: 1, key: null, maxAttempts: 3, timeout: null }))
  await queue.put(jobs, { size: 2, now: 1 })
  const exchange = { worker, outcomes: [], started: [], holdUntil: 0, places: 2, token: `${worker.id}.1`, now: 1 }
  const { claimed } = await queue.exchange(() => exchange)
  const finished = { ...claimed[0]!, state: 'finished', result: '"paid"', stopTime: 2 } as const
  expect(await queue.completeWithin!(transaction.client, finished, `${worker.id}.1`)).toBe(true)
}

test('stopping waits for the transaction; after the time it is given, the job is left to the next worker', async () => {
  for (const [how, after] of [['COMMIT', { result: 'in the transaction', attempt: 1 }], ['ROLLBACK', { result: 'again', attempt: 1 }]] as const) {
    await using transaction = await Transaction.begin()
    const queue = await openWith(transaction, { name: how })
    const job = await queue.put(1)
    await transaction.completed
    await (await queue.put(2)).watch()
    let stopped = false
    const stopping = queue.stop().addCallback(() => {
      stopped = true
    })
    expect((await queue.job(job.id)).state).toBe('underway')
    expect(stopped).toBe(false)
    await queue.stop({ within: 0 })
    await stopping
    await using next = await openQueue<number, string>({ name: how, store: store(), lease: 5_000, handler: () => 'again' })
    expect((await (await next.put(3)).watch()).result).toBe('again')
    expect((await next.job(job.id)).state).toBe('underway')
    await transaction.end(how)
    await next.idle()
    expect(await next.job(job.id)).toMatchObject({ state: 'finished', ...after })
    expect(await next.status()).toMatchObject({ counts: { pending: 0, underway: 0, finished: 3 }, places: 0 })
  }
})

test('of a worker that is lost, a job whose transaction is open is taken back when that has ended, the others at once', async () => {
  for (const [how, after] of [['COMMIT', { state: 'finished', result: '"paid"', token: null }], ['ROLLBACK', { state: 'pending', attempt: 1, token: null }]] as const) {
    await using transaction = await Transaction.begin()
    const queue = await store().open(how, {}, () => {})
    await claimAndComplete(queue, transaction, { id: how, lease: 5_000 })
    const look = () => queue.recover(() => 4, 2_500, 'other')
    for (const taken of [0, 0, 1, 0]) expect(await look()).toBe(taken)
    expect(await queue.job('b')).toMatchObject({ state: 'pending', token: null })
    expect(await queue.status()).toMatchObject({ counts: { pending: 1, underway: 1 }, places: 1 })
    // It comes back: whatever it says of it counts for nothing, and neither has it to.
    expect(await queue.renew({ id: how, lease: 5_000 }, 4)).toBe(false)
    await transaction.end(how)
    expect(await look()).toBe(1)
    expect(await queue.job('a')).toMatchObject(after)
    expect(await queue.status()).toMatchObject({ counts: { underway: 0 }, places: 0 })
    expect(await look()).toBe(0)
    await queue.clear(10, 4)
    await queue.close()
    await pool.query(`TRUNCATE ${schema}.jobs, ${schema}.done`)
  }
})

test('a job that a worker has left behind can be cancelled and started again, and its place is given back', async () => {
  await using transaction = await Transaction.begin()
  const queue = await store().open('q', {}, () => {})
  await claimAndComplete(queue, transaction, { id: 'w', lease: 5_000 })
  await queue.retire({ id: 'w', lease: 5_000 }, 3)
  await transaction.end('ROLLBACK')
  expect(await queue.change('a', { type: 'cancel', error: null }, 4)).toMatchObject({ state: 'cancelled', token: 'w.1' })
  await queue.change('a', { type: 'retry' }, 4)
  expect((await queue.status()).places).toBe(1)
  expect(await queue.recover(() => 5, 0, 'other')).toBe(1)
  expect(await queue.job('a')).toMatchObject({ state: 'pending', token: null })
  expect((await queue.status()).places).toBe(0)
  await queue.close()
})
