import { type DurableQueue, memoryStore, moveQueue, openQueue, type QueueOptions } from '@potoroo/queue'
import { postgresStore } from '@potoroo/postgres'
import { Deferred, ManualClock } from 'potoroo'
import type { Pool, PoolClient } from 'pg'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { PostgresServer } from '../../../test/postgres-server.ts'
import { inTransaction } from './in-transaction.ts'
import { makePool } from './pool.ts'

let server: PostgresServer
let pool: Pool
let schemas = 0
let schema: string

beforeAll(async () => {
  server = await PostgresServer.start()
  pool = makePool(server.url())
  await pool.query('CREATE TABLE payments (job text, amount int)')
})
beforeEach(() => {
  schema = `transactions${++schemas}`
})
afterAll(async () => {
  await pool?.end()
  await server?.[Symbol.asyncDispose]()
})

const open = (options: Partial<QueueOptions<number, string>> = {}): Deferred<DurableQueue<number, string>> =>
  openQueue<number, string>({ name: 'q', store: postgresStore({ pool, schema }), ...options })

const codeOf = (work: PromiseLike<unknown>) => work.then(() => 'done', (error: unknown) => (error as { code: string }).code)

const transaction = <T>(work: (client: PoolClient) => PromiseLike<T>): Promise<T> => inTransaction(pool, work)

test('a job that is put in a transaction is there when that is committed, and runs', async () => {
  const ran: number[] = []
  await using queue = await open({ handler: (n) => String(ran.push(n)) })
  const job = await transaction(async (client) => {
    const put = await queue.put(1, { transaction: client })
    await client.query('INSERT INTO payments VALUES ($1, 1)', [put.id])
    // Others are not held up by it, and nobody sees it yet.
    await (await queue.put(2)).watch()
    expect(ran).toEqual([2])
    expect(await codeOf(queue.job(put.id))).toBe('ERR_JOB_NOT_FOUND')
    return put
  })
  await job.watch()
  expect(ran).toEqual([2, 1])
  expect((await queue.counts()).finished).toBe(2)
})

test('a job that is put in a transaction that is rolled back never was', async () => {
  const ran: number[] = []
  await using queue = await open({ handler: (n) => String(ran.push(n)) })
  const put = transaction(async (client) => {
    await queue.putMany([{ arg: 1, transaction: client }, { arg: 2, transaction: client }])
    throw new Error('Not after all')
  })
  await expect(put).rejects.toThrow('Not after all')
  await (await queue.put(3)).watch()
  expect(ran).toEqual([3])
  expect((await queue.list()).jobs.map(({ arg }) => arg)).toEqual([3])
})

test('a put that is committed after its queue was closed is heard of by who works on the queue, and runs at once', async () => {
  // It looks at nothing by itself: this clock stands still.
  await using worker = await open({ store: postgresStore({ pool, schema, clock: new ManualClock() }), handler: (n) => `ran ${n}` })
  await expect.poll(async () => (await pool.query(`SELECT FROM pg_stat_activity WHERE query = 'LISTEN "potoroo ${schema}"'`)).rowCount).toBe(1)
  const job = await transaction(async (client) => {
    const producer = await open()
    const put = await producer.put(1, { transaction: client })
    await producer.stop()
    return put
  })
  await expect.poll(async () => (await pool.query(`SELECT FROM ${schema}.done WHERE id = $1`, [job.id])).rowCount).toBe(1)
  expect((await worker.job(job.id)).result).toBe('ran 1')
})

test('a put that is committed when nobody has the queue open runs when somebody works on it', async () => {
  const job = await transaction(async (client) => {
    const producer = await open()
    const put = await producer.put(1, { transaction: client, key: 'k' })
    await producer.stop()
    return put
  })
  const producer = await open()
  expect(await producer.job(job.id)).toMatchObject({ state: 'pending', key: 'k' })
  expect((await producer.putNew(2, { key: 'k' })).job.id).toBe(job.id)
  await producer.stop()
  await using worker = await open({ handler: (n) => `ran ${n}` })
  await worker.idle()
  expect((await worker.job(job.id)).result).toBe('ran 1')
})

test('a queue does not leave for another store while a transaction is open that has put a job', async () => {
  const [from, to] = [postgresStore({ pool, schema }), memoryStore()]
  await using producer = await open({ store: from })
  await producer.put(1)
  const steps: number[] = []
  const waits = new Deferred()
  let moved: Deferred<unknown> | undefined
  const late = await transaction(async (client) => {
    const { id } = await producer.put(2, { transaction: client })
    moved = moveQueue(from, to, 'q', {
      onProgress: (progress) => {
        // The second time that it finds nothing to take.
        if (steps.push(progress.moved) === 4) waits.callback()
      },
    })
    await waits
    return id
  })
  await moved
  expect([...new Set(steps)]).toEqual([0, 1, 2])
  await using there = await open({ store: to })
  expect(await there.job(late)).toMatchObject({ state: 'pending', arg: 2 })
})

test('what was put in transactions has its options, and stands in the line as it was committed', async () => {
  await using queue = await open()
  const late = Date.now() + 3_600_000
  await transaction((client) => queue.put(1, { transaction: client, runAt: late, maxAttempts: 7, timeout: 5 }))
  await transaction((client) => queue.putMany([2, 3].map((arg) => ({ arg, transaction: client, priority: arg }))))
  await queue.put(4, { priority: 2 })
  const { jobs } = await queue.list({ state: 'pending' })
  expect(jobs.map(({ arg }) => arg)).toEqual([2, 4, 3, 1])
  expect(jobs.at(-1)).toMatchObject({ runAt: late, maxAttempts: 7, timeout: 5, state: 'pending', attempt: 0 })
  expect((await queue.counts()).pending).toBe(4)
})

test('a key is looked up in a transaction, too; of two that put it at once, the first to commit has it', async () => {
  await using queue = await open()
  const first = await queue.put(1, { key: 'k' })
  const found = await transaction((client) => queue.putNew(2, { key: 'k', transaction: client }))
  expect([found.isNew, found.job.id]).toEqual([false, first.id])
  const [one, two] = await transaction(async (client) => [
    await queue.putNew(3, { key: 'l', transaction: client }),
    await queue.putNew(4, { key: 'l', transaction: client }),
  ])
  expect([one!.isNew, two!.isNew, two!.job.id]).toEqual([true, false, one!.job.id])
  const [winner, loser] = await transaction(async (client) => {
    const late = await queue.put(5, { key: 'm', transaction: client })
    return [await queue.put(6, { key: 'm' }), late]
  })
  const lost: unknown = await loser!.watch().then(undefined, (error: unknown) => error)
  expect(lost).toMatchObject({ code: 'ERR_JOB_CANCELLED' })
  expect((await queue.job(loser!.id)).error?.code).toBe('ERR_JOB_KEY_TAKEN')
  expect((await queue.job(winner!.id)).state).toBe('pending')
})

test('a job is completed in the transaction of its handler: together with what that does, or not at all', async () => {
  let attempts = 0
  await using queue = await open({
    retry: { maxAttempts: 3, backoff: [1] },
    handler: (amount, job) =>
      transaction(async (client) => {
        await client.query('INSERT INTO payments VALUES ($1, $2)', [job.id, amount])
        await job.complete({ transaction: client, result: 'paid' })
        if (++attempts === 1) throw new Error('Rolled back')
        return 'ignored'
      }),
  })
  const job = await queue.put(50)
  expect((await job.watch()).result).toBe('paid')
  expect(attempts).toBe(2)
  expect((await pool.query('SELECT amount FROM payments WHERE job = $1', [job.id])).rows).toEqual([{ amount: 50 }])
  expect(await queue.status()).toMatchObject({ counts: { pending: 0, underway: 0, finished: 1 }, places: 0 })
})

test('a handler that fails after its transaction was committed has finished its job all the same', async () => {
  await using queue = await open({
    handler: async (_, job) => {
      await transaction((client) => job.complete({ transaction: client, result: 'done' }))
      throw new Error('Too late')
    },
  })
  const job = await queue.put(1)
  expect(await job.watch()).toMatchObject({ state: 'finished', result: 'done', error: null })
  expect(await queue.counts()).toMatchObject({ pending: 0, underway: 0, finished: 1 })
})

test('an attempt that was cancelled cannot be completed, and one that is being completed is not cancelled', async () => {
  const steps = { started: new Deferred(), cancelled: new Deferred(), completed: new Deferred() }
  const codes: string[] = []
  await using queue = await open({
    handler: async (n, job) => {
      if (n === 1) {
        steps.started.callback()
        await steps.cancelled
        codes.push(await codeOf(transaction((client) => job.complete({ transaction: client }))))
        return 'one'
      }
      return transaction(async (client) => {
        await job.complete({ transaction: client })
        steps.completed.callback()
        // Whoever cancels it now waits for the end of this.
        await client.query('SELECT pg_sleep(0.05)')
        return 'two'
      })
    },
  })
  const first = await queue.put(1)
  await steps.started
  await first.cancel()
  steps.cancelled.callback()
  await queue.idle()
  expect(codes).toEqual(['ERR_JOB_NOT_UNDERWAY'])
  expect((await queue.job(first.id)).state).toBe('cancelled')

  const second = await queue.put(2)
  await steps.completed
  expect(await codeOf(second.cancel())).toBe('ERR_JOB_OVER')
  await queue.idle()
  expect((await queue.job(second.id)).state).toBe('finished')
})

test('a job that was completed by a process that died then is finished', async () => {
  const raw = postgresStore({ pool, schema })
  const queue = await raw.open('q', {}, () => {})
  const worker = { id: 'w', lease: 5_000 }
  await queue.renew(worker, 1)
  await queue.put([{ id: 'a', arg: '1', priority: 0, runAt: 1, key: null, maxAttempts: 1, timeout: null }], { size: 1, now: 1 })
  const exchange = { worker, outcomes: [], started: [], holdUntil: 0, places: 1, token: 'w.1', now: 2 }
  const { claimed } = await queue.exchange(() => exchange)
  const done = await transaction((client) =>
    queue.completeWithin!(client, { ...claimed[0]!, state: 'finished', result: '"paid"', stopTime: 3 }, 'w.1'),
  )
  expect(done).toBe(true)
  for (let look = 0; look < 4; look++) await queue.recover(() => 4, 2_000, 'other')
  expect(await queue.job('a')).toMatchObject({ state: 'finished', result: '"paid"', token: null })
  expect(await queue.status()).toMatchObject({ counts: { underway: 0, finished: 1, failed: 0 }, places: 0 })
  await queue.close()
})

test('a store without transactions, and what is none, are refused with a code', async () => {
  await using memory = await openQueue<number, string>({ name: 'q', store: memoryStore() })
  await using queue = await open()
  expect(await codeOf(memory.put(1, { transaction: {} }))).toBe('ERR_NO_TRANSACTIONS')
  expect(await codeOf(queue.put(1, { transaction: {} }))).toBe('ERR_INVALID_TRANSACTION')
  expect(await codeOf(queue.put(1, { transaction: pool }))).toBe('ERR_INVALID_TRANSACTION')
  expect(await codeOf(queue.putMany([{ arg: 1, transaction: {} }, { arg: 2 }]))).toBe('ERR_INVALID_TRANSACTION')
  const job = await queue.put(1)
  expect(await codeOf(job.complete({ transaction: {} }))).toBe('ERR_JOB_NOT_UNDERWAY')
})

test.each(['REPEATABLE READ', 'SERIALIZABLE'])('a %s transaction puts jobs while others work, and none once the queue has left, though it began before', async (level) => {
  const from = postgresStore({ pool, schema })
  const to = postgresStore({ pool, schema: `${schema}after` })
  await using queue = await open({ store: from, handler: String })
  const client = await pool.connect()
  try {
    const begin = async (): Promise<void> => {
      await client.query(`BEGIN ISOLATION LEVEL ${level}`)
      // From here on it sees everything as it is now.
      await client.query('SELECT count(*) FROM payments')
    }
    await begin()
    await (await queue.put(1)).watch()
    const late = await queue.put(2, { transaction: client })
    await client.query('COMMIT')
    expect((await (await queue.job(late.id)).watch()).result).toBe('2')
    await begin()
    await moveQueue(from, to, 'q')
    expect(await codeOf(queue.put(3, { transaction: client }))).toBe('ERR_QUEUE_MOVED')
    // Nothing is wrong with it otherwise.
    await client.query("INSERT INTO payments VALUES ('other work', 1)")
    await client.query('COMMIT')
  } finally {
    client.release()
  }
})
