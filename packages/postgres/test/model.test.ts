import { postgresStore } from '@potoroo/postgres'
import { checkModel } from '@potoroo/store-tests'
import fc from 'fast-check'
import { test } from 'vitest'
import { PostgresServer } from '../../../test/postgres-server.ts'
import { empty, makePool } from './pool.ts'

// A failure prints its seed; POTOROO_SEED runs it again, and POTOROO_RUNS more of them.
const seed = Number(process.env.POTOROO_SEED ?? Math.floor(Math.random() * 2 ** 31))
const numRuns = Number(process.env.POTOROO_RUNS ?? 15)
const programs = fc.array(fc.array(fc.nat(119), { minLength: 1, maxLength: 12 }), { maxLength: 80, size: 'max' })

/** A job that is cleared at the moment it is due, and leaves: it keeps its place in the line. */
const CLEARED_WHEN_DUE = [[0, 0, 0, 0, 102], [38], [108, 0, 3], [32]]

// As many runs as are asked for take as long as they take.
test('a store in PostgreSQL does what the model does, also when two processes share it', { timeout: 600_000 }, async () => {
  await using server = await PostgresServer.start()
  const pool = makePool(server.url())
  const open = () => postgresStore({ pool, schema: 'model', rateClock: 'caller' })
  try {
    await fc.assert(
      fc.asyncProperty(programs, (program) => checkModel(program, { store: open(), shares: [open()] })).afterEach(() => empty(pool, 'model')),
      { seed, numRuns, examples: [[CLEARED_WHEN_DUE]] },
    )
  } finally {
    await pool.end()
  }
})
