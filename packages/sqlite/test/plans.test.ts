import { JOB_STATES, openQueue } from '@potoroo/queue'
import { sqliteStore } from '@potoroo/sqlite'
import { DatabaseSync } from 'node:sqlite'
import { expect, test, vi } from 'vitest'
import { Folder } from './folder.ts'

const IN_LINE = 'queue = ? AND state = 0 AND token IS NULL AND due IS NULL'

/** The statements of every put, claim and outcome, and by what they find their rows. */
const HOT = {
  [`SELECT … FROM jobs WHERE ${IN_LINE} ORDER BY priority, place LIMIT ?`]: expect.stringContaining('jobs_line (queue=?)'),
  'SELECT … FROM jobs WHERE queue = ? AND key = ? AND key IS NOT NULL AND state < 2': expect.stringContaining('jobs_key'),
  'SELECT … FROM jobs WHERE queue = ? AND due IS NOT NULL ORDER BY due LIMIT 1': expect.stringContaining('jobs_due'),
  'SELECT … FROM jobs WHERE queue = ? AND id = ?': expect.stringContaining('jobs_id'),
  'SELECT … FROM jobs WHERE token IS NOT NULL AND queue = ? AND state = ? AND +seq > ? ORDER BY +seq LIMIT ?':
    expect.stringContaining('jobs_token'),
}

/** Uses a queue in every way there is, and gives back the statements that were prepared for it. */
async function statementsOf(path: string): Promise<string[]> {
  const statements = new Set<string>()
  const prepare = DatabaseSync.prototype.prepare
  const spy = vi.spyOn(DatabaseSync.prototype, 'prepare').mockImplementation(function (this: DatabaseSync, sql: string) {
    statements.add(sql.replaceAll(/\s+/g, ' '))
    return prepare.call(this, sql)
  })
  try {
    const store = sqliteStore(path, { durability: 'process' })
    await using queue = await openQueue<number>({
      name: 'q',
      store,
      width: 2,
      rate: { limit: 1_000, per: 10 },
      retry: { maxAttempts: 2, backoff: [1] },
      handler: (n, job) => {
        job.report(n)
        job.log(String(n))
        if (n % 3 === 0) throw new Error('no')
      },
    })
    const jobs = await queue.putMany(Array.from({ length: 20 }, (_, arg) => ({ arg, key: `k${arg}`, delay: arg % 2 })))
    await queue.reprioritize((await queue.put(1, { delay: 100_000 })).id, 1)
    await queue.explain(jobs[19]!.id)
    await queue.history(jobs[19]!.id)
    for (const state of [undefined, ...JOB_STATES]) await queue.list({ limit: 1, ...(state && { state }) })
    await queue.clear()
    await queue.idle()
    const late = await queue.put(2, { delay: 100_000 })
    await late.cancel()
    await queue.retry(late.id)
    await queue.idle()
    // A second process.
    await using other = await openQueue({ name: 'q', store: sqliteStore(path, { durability: 'process' }), handler: () => 0 })
    await other.put(1)
    await queue.idle()
    const raw = await store.open('q', {}, () => {})
    await raw.prune({ finished: 0, failed: 0 }, Date.now())
    await raw.recover(() => Date.now(), 1, 'somebody')
    // It leaves, and another comes.
    await queue.putMany([{ arg: 1, key: 'k', delay: 100_000 }, { arg: 1, delay: 100_000 }])
    const { jobs: leaving } = await raw.depart({ move: 'm', delivered: [], limit: 100, now: Date.now() })
    await queue.put(1, { key: 'k' })
    await raw.depart({ move: 'm', delivered: leaving.map(({ job }) => job.id), limit: 100, now: Date.now() })
    const coming = await store.open('coming', {}, () => {})
    await coming.arrive({ move: 'm', jobs: leaving.map((each) => ({ ...each, job: { ...each.job, id: `${each.job.id}-` } })), landing: null })
    await coming.close()
    await raw.close()
  } finally {
    spy.mockRestore()
  }
  return [...statements].filter((sql) => /^(SELECT|UPDATE|DELETE)/.test(sql) && /\b(jobs|starts|workers|queues|attempts|log_lines|outbox)\b/.test(sql))
}

test('every statement finds its rows by an index, and none sorts', async () => {
  using folder = new Folder()
  const statements = await statementsOf(folder.file('jobs.db'))
  expect(statements.length).toBeGreaterThan(20)
  const database = new DatabaseSync(folder.file('jobs.db'))
  const plans: Record<string, string> = {}
  for (const sql of statements) {
    const steps = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all() as { detail: string }[]
    plans[sql.replace(/^SELECT seq, id, .* FROM/, 'SELECT … FROM')] = steps.map(({ detail }) => detail).join('; ')
  }
  database.close()
  const slow = Object.entries(plans).filter(([, plan]) => /\bSCAN (?!\(subquery)|TEMP B-TREE/.test(plan))
  // What is held by attempts is sorted: that is never more than the width. Of the queues, all are asked for.
  expect(slow.filter(([sql]) => !/WHERE token IS NOT NULL|FROM queues ORDER/.test(sql))).toEqual([])
  expect(plans).toMatchObject(HOT)
})
