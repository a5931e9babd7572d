import { memoryStore } from '@potoroo/queue'
import { sqliteStore } from '@potoroo/sqlite'
import { checkModel } from '@potoroo/store-tests'
import fc from 'fast-check'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'

// A failure prints its seed; POTOROO_SEED runs it again, and POTOROO_RUNS more of them.
const seed = Number(process.env.POTOROO_SEED ?? Math.floor(Math.random() * 2 ** 31))
const numRuns = (usual: number): number => Number(process.env.POTOROO_RUNS ?? usual)

const programs = fc.array(fc.array(fc.nat(119), { minLength: 1, maxLength: 12 }), { maxLength: 80, size: 'max' })

// As many runs as are asked for take as long as they take.
const timeout = 600_000

test('a store in memory does what the model does, whatever it is asked', { timeout }, async () => {
  await fc.assert(
    fc.asyncProperty(programs, (program) => checkModel(program, { store: memoryStore() })),
    { seed, numRuns: numRuns(300) },
  )
})

test('a store on an SQLite file does what the model does, also when two processes share it', { timeout }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'potoroo-model-'))
  let runs = 0
  try {
    await fc.assert(
      fc.asyncProperty(programs, async (program) => {
        const path = join(folder, `${runs++}.db`)
        const open = () => sqliteStore(path, { durability: 'process' })
        await checkModel(program, { store: open(), shares: [open()] })
        for (const end of ['', '-wal', '-shm']) rmSync(path + end, { force: true })
      }),
      { seed, numRuns: numRuns(60) },
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('the model finds a store that forgets to count', async () => {
  const broken = () => {
    const store = memoryStore()
    const open: typeof store.open = (...args) =>
      store.open(...args).addCallback((queue) => {
        const put = queue.put.bind(queue)
        queue.put = (jobs, options) => put(jobs, { ...options, size: Infinity })
        return queue
      })
    return { open, queues: () => store.queues() }
  }
  const check = fc.check(fc.asyncProperty(programs, (program) => checkModel(program, { store: broken() })), { seed: 1, numRuns: 300 })
  expect((await check).failed).toBe(true)
})
