import { openQueue } from '@potoroo/queue'
import { postgresStore } from '@potoroo/postgres'
import { describe, expect, test } from 'vitest'
import { PostgresServer } from '../../../test/postgres-server.ts'
import { tool } from '../../../scripts/vitest/tools.ts'
import { inTransaction } from './in-transaction.ts'
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
          inTransaction(
            pool,
            async (client) => {
              await client.query('INSERT INTO payments VALUES ($1)', [n])
              await job.complete({ transaction: client, result: `by attempt ${job.attempt}` })
            },
            job.attempt === 1 ? 'ROLLBACK' : 'COMMIT',
          ),
      })
      const jobs = await Promise.all(
        Array.from({ length: 20 }, (_, n) => inTransaction(pool, (client) => queue.put(n, { transaction: client }))),
      )
      const undone = await inTransaction(pool, (client) => queue.put(99, { transaction: client }), 'ROLLBACK')
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
