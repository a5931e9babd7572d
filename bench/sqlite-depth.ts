import { type DurableQueue, openQueue } from '@potoroo/queue'
import { sqliteStore } from '@potoroo/sqlite'
import { interleaved, median, perSecond, type Row } from './measure.ts'
import { inFolder } from './sqlite/folder.ts'

const SHALLOW = 1_000
const DEEP = 1_000_000
/** How many are put, run and finished in one go, with all the others waiting behind them. */
const JOBS = 10_000
const AT_ONCE = 10_000
const PAGE = 50

/** A queue with so many jobs waiting, and how to count those that are done. */
interface Filled {
  readonly queue: DurableQueue<number>
  /** Calls back after so many more calls of the handler. */
  after(times: number, done: () => void): void
}

export function rows(): Promise<Row[]> {
  return inFolder((shallowPath) =>
    inFolder(async (deepPath) => {
      const shallow = await fill(shallowPath, SHALLOW)
      const deep = await fill(deepPath, DEEP)
      try {
        return [await throughput(shallow, deep), ...(await looks(deep.queue))]
      } finally {
        await shallow.queue.stop()
        await deep.queue.stop()
      }
    }),
  )
}

async function fill(path: string, jobs: number): Promise<Filled> {
  let left = Infinity
  let called: () => void
  const queue = await openQueue<number>({
    name: 'bench',
    store: sqliteStore(path, { durability: 'process' }),
    width: 0,
    localWidth: 500,
    handler: () => {
      if (--left === 0) called()
    },
  })
  for (let put = 0; put < jobs; put += AT_ONCE) {
    await queue.putMany(Array.from({ length: Math.min(AT_ONCE, jobs - put) }, (_, arg) => ({ arg })))
  }
  return {
    queue,
    after(times, done) {
      left = times
      called = done
    },
  }
}

async function throughput(shallow: Filled, deep: Filled): Promise<Row> {
  const run = async ({ queue, after }: Filled): Promise<number> => {
    const start = performance.now()
    for (let put = 0; put < JOBS; put += 1_000) await queue.putMany(Array.from({ length: 1_000 }, (_, arg) => ({ arg })))
    const done = new Promise<void>((resolve) => after(JOBS, resolve))
    await queue.setWidth(500)
    await done
    const figure = perSecond(JOBS, start)
    await queue.setWidth(0)
    // What was claimed meanwhile is put back, or done.
    while ((await queue.status()).places > 0) await new Promise((resolve) => setImmediate(resolve))
    return figure
  }
  const figures = await interleaved([
    { name: 'deep', run: () => run(deep) },
    { name: 'shallow', run: () => run(shallow) },
  ])
  const [ours, theirs] = [figures.get('deep')!, figures.get('shallow')!]
  return {
    what: 'SQLite, put+run+finish while 10⁶ are pending, durability process',
    unit: 'jobs/s',
    ours,
    peers: [{ name: 'with 10³ pending', value: theirs }],
    target: '≥ 0.5× that with 10³',
    met: ours >= theirs / 2,
  }
}

/** What a dashboard asks for, with a million pending. */
async function looks(queue: DurableQueue<number>): Promise<Row[]> {
  const { jobs, next } = await queue.list({ state: 'pending', limit: 500 })
  let after = next!
  for (let page = 0; page < 200; page++) after = (await queue.list({ state: 'pending', after, limit: 500 })).next!
  const first = jobs[0]!.id
  const asks: readonly (readonly [what: string, most: number, () => PromiseLike<unknown>])[] = [
    ['counts', 1, () => queue.counts()],
    [`a page of ${PAGE} pending`, 5, () => queue.list({ state: 'pending', limit: PAGE })],
    [`a page of ${PAGE} pending, 100,000 jobs on`, 5, () => queue.list({ state: 'pending', after, limit: PAGE })],
    [`a page of ${PAGE} finished`, 5, () => queue.list({ state: 'finished', limit: PAGE })],
    [`a page of ${PAGE} of all`, 5, () => queue.list({ limit: PAGE })],
    ['explain the first', 5, () => queue.explain(first)],
  ]
  const table: Row[] = []
  for (const [what, most, ask] of asks) {
    const figures: number[] = []
    for (let i = 0; i < 100; i++) {
      const start = performance.now()
      await ask()
      figures.push(performance.now() - start)
    }
    const ours = median(figures)
    table.push({ what: `SQLite, ${what}, of 10⁶`, unit: 'ms', ours, peers: [], target: `≤ ${most} ms`, met: ours <= most })
  }
  return table
}
