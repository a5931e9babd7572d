import { openQueue } from '@potoroo/queue'
import { postgresStore } from '@potoroo/postgres'
import type { Pool, PoolClient } from 'pg'
import { describe, expect, test } from 'vitest'
import { PostgresServer } from '../../../test/postgres-server.ts'
import { tool } from '../../../scripts/vitest/tools.ts'
import { makePool } from './pool.ts'
import { Pooler } from './pooler.ts'
import { wholeSuite } from './whole-suite.ts'

const program = tool('PGBOUNCER', 'the suite behind PgBouncer')

describe.skipIf(program === undefined)('behind PgBouncer in transaction mode', () => {
  wholeSuite(({ port }) => Pooler.before(port, program!))

  test('jobs are put and completed in transactions of the caller’s, once each, whatever is rolled back', { timeout: 60_000 }, async () => {
    await using server = await PostgresServer.start()
    await using pooler = await Pooler.before(server.port, program!)
    const pool = makePool(pooler.url)
    try {
      await pool.query('CREATE TABLE payments (n int)')
      const store = postgresStore({ pool, schema: 'pooled' })
      await using queue = await openQueue<number>({
        name: 'q',
        store,
        width: 5,
        retry: { backoff: [0] },
        handler: (n, job) =>
          transaction(pool, job.attempt > 1, async (client) => {
            await client.query('INSERT INTO payments VALUES ($1)', [n])
            await job.complete({ transaction: client, result: `by attempt ${job.attempt}` })
          }),
      })
      const jobs = await Promise.all(
        Array.from({ length: 20 }, (_, n) => transaction(pool, true, (client) => queue.put(n, { transaction: client }))),
      )
      const undone = await transaction(pool, false, (client) => queue.put(99, { transaction: client }))
      const results = await Promise.all(jobs.map(async (job) => (await job.watch()).result))
      expect(new Set(results)).toEqual(new Set(['by attempt 2']))
      await expect(queue.job(undone.id).then()).rejects.toMatchObject({ code: 'ERR_JOB_NOT_FOUND' })
      const { rows } = await pool.query<{ n: number }>('SELECT n FROM payments ORDER BY n')
      expect(rows.map(({ n }) => n)).toEqual(jobs.map((_, n) => n))
    } finally {
      await pool.end()
    }
  })
})

/** Runs `work` in a transaction, which is committed or rolled back. */
async function transaction<T>(pool: Pool, commits: boolean, work: (client: PoolClient) => PromiseLike<T>): Promise<T> {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    const result = await work(client)
    await client.query(commits ? 'COMMIT' : 'ROLLBACK')
    return result
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  } finally {
    client.release()
  }
}
