import { monitorEventLoopDelay } from 'node:perf_hooks'
import { openQueue } from '@potoroo/queue'
import { type Durability, sqliteStore } from '@potoroo/sqlite'
import { inFolder } from './sqlite/folder.ts'
import { type Contender, interleaved, median, perSecond, type Row } from './measure.ts'
import { peer } from './peers.ts'

/** What of plainjob is used here. */
interface Plainjob {
  better(database: Better): { pragma(text: string): void }
  defineQueue(options: { connection: unknown; logger?: unknown }): {
    add(type: string, data: unknown): { id: number }
    addMany(type: string, data: unknown[]): unknown
    close(): void
  }
  defineWorker(
    type: string,
    work: (job: { data: string }) => Promise<void>,
    options: { queue: unknown; logger?: unknown; pollIntervall?: number },
  ): { start(): Promise<void>; stop(): Promise<void> }
}
interface Better {
  pragma(text: string): void
}
/** What of liteque is used here. */
interface Liteque {
  buildDBClient(path: string, options: { runMigrations: boolean }): LitequeDatabase
  SqliteQueue: new (
    name: string,
    database: LitequeDatabase,
    options: { defaultJobArgs: { numRetries: number }; keepFailedJobs: boolean },
  ) => { enqueue(payload: unknown): Promise<unknown> }
  Runner: new (
    queue: unknown,
    functions: { run: () => Promise<void> },
    options: { concurrency: number; timeoutSecs: number; pollIntervalMs: number },
  ) => { runUntilEmpty(): Promise<void> }
}
interface LitequeDatabase {
  transaction: (work: (database: LitequeDatabase) => unknown) => unknown
  readonly session: { readonly client: Better & { close(): void } }
}

const silent = { error() {}, warn() {}, info() {}, debug() {} }
const JOBS = 20_000
/** Of the peer that does a hundred a second. */
const FEW_JOBS = 300
const PUTS = 4_000
const SENDERS = 50

export async function rows(): Promise<Row[]> {
  const { better, defineQueue, defineWorker } = await peer<Plainjob>('plainjob')
  const { buildDBClient, SqliteQueue, Runner } = await peer<Liteque>('liteque')
  const { default: Database } = await peer<{ default: new (path: string) => Better }>('better-sqlite3')

  /** Puts `JOBS` jobs at once, runs them all with a handler that does nothing, and gives jobs per second. */
  const ours = (durability: Durability): Contender => ({
    name: 'potoroo',
    run: () =>
      inFolder(async (path) => {
        const queue = await openQueue({
          name: 'bench',
          store: sqliteStore(path, { durability }),
          handler: () => undefined,
          width: 500,
        })
        const start = performance.now()
        const puts = []
        for (let i = 0; i < JOBS; i += 1_000) {
          puts.push(queue.putMany(Array.from({ length: 1_000 }, (_, k) => ({ arg: { n: i + k } }))))
        }
        await Promise.all(puts)
        await queue.idle()
        const figure = perSecond(JOBS, start)
        await queue.stop()
        return figure
      }),
  })
  const plainjob = (durability: Durability): Contender => ({
    name: 'plainjob',
    run: () =>
      inFolder(async (path) => {
        const connection = better(new Database(path))
        const queue = defineQueue({ connection, logger: silent })
        if (durability === 'power') connection.pragma('synchronous = FULL')
        let done = 0
        let finished!: () => void
        const all = new Promise<void>((resolve) => (finished = resolve))
        const worker = defineWorker(
          'bench',
          async () => {
            if (++done === JOBS) finished()
          },
          { queue, logger: silent, pollIntervall: 1 },
        )
        const start = performance.now()
        queue.addMany('bench', Array.from({ length: JOBS }, (_, n) => ({ n })))
        const started = worker.start()
        await all
        await worker.stop()
        await started
        const figure = perSecond(JOBS, start)
        queue.close()
        return figure
      }),
  })

  const liteque = (durability: Durability): Contender => ({
    name: 'liteque',
    run: () =>
      inFolder(async (path) => {
        const database = buildDBClient(path, { runMigrations: true })
        // Its own is refused by today's better-sqlite3, and with an older one it ended before its first statement: like this.
        database.transaction = (work) => work(database)
        const { client } = database.session
        if (durability === 'power') client.pragma('synchronous = FULL')
        const queue = new SqliteQueue('bench', database, { defaultJobArgs: { numRetries: 1 }, keepFailedJobs: false })
        const runner = new Runner(queue, { run: async () => {} }, { concurrency: 50, timeoutSecs: 5, pollIntervalMs: 1 })
        const start = performance.now()
        for (let n = 0; n < FEW_JOBS; n++) await queue.enqueue({ n })
        await runner.runUntilEmpty()
        const figure = perSecond(FEW_JOBS, start)
        client.close()
        return figure
      }),
  })

  const table: Row[] = []
  for (const [durability, times, least] of [
    ['process', 5, 72_000],
    ['power', 20, 0],
  ] as const) {
    const figures = await interleaved([ours(durability), plainjob(durability), liteque(durability)])
    const [mine, theirs] = [figures.get('potoroo')!, figures.get('plainjob')!]
    table.push({
      what: `SQLite, put+run+finish, durability ${durability}`,
      unit: 'jobs/s',
      ours: mine,
      peers: ['plainjob', 'liteque'].map((name) => ({ name, value: figures.get(name)! })),
      target: `≥ ${times}× plainjob${least ? `, ≥ ${least / 1000}k/s` : ''}`,
      met: mine >= times * theirs && mine >= least,
    })
  }

  const puts = await interleaved([
    {
      name: 'potoroo',
      run: () =>
        inFolder(async (path) => {
          const queue = await openQueue({ name: 'bench', store: sqliteStore(path) })
          const start = performance.now()
          await new Promise<void>((resolve) => {
            let left = PUTS * 10
            for (let n = left; n > 0; n--) queue.put({ n }).addCallback(() => --left === 0 && resolve())
          })
          const figure = perSecond(PUTS * 10, start)
          await queue.stop()
          return figure
        }),
    },
    {
      name: 'plainjob',
      run: () =>
        inFolder(async (path) => {
          const connection = better(new Database(path))
          const queue = defineQueue({ connection, logger: silent })
          connection.pragma('synchronous = FULL')
          const start = performance.now()
          for (let n = 0; n < PUTS; n++) queue.add('bench', { n })
          const figure = perSecond(PUTS, start)
          queue.close()
          return figure
        }),
    },
  ])
  table.push({
    what: 'SQLite, concurrent single puts, each job taken by callback, power',
    unit: 'puts/s',
    ours: puts.get('potoroo')!,
    peers: [{ name: 'plainjob', value: puts.get('plainjob')! }],
    target: '≥ 30× plainjob',
    met: puts.get('potoroo')! >= 30 * puts.get('plainjob')!,
  })

  const latency = await interleaved([{ name: 'potoroo', run: () => inFolder(idlePutToStart) }])
  table.push({
    what: 'SQLite, idle put → handler starts, same process, durability process',
    unit: 'ms',
    ours: latency.get('potoroo')!,
    peers: [],
    target: '≤ 1 ms',
    met: latency.get('potoroo')! <= 1,
  })

  const delay = await interleaved([{ name: 'potoroo', run: () => inFolder(delayUnderLoad) }])
  table.push({
    what: `SQLite, event-loop delay p99 while ${SENDERS} put one job after the other and all are run, power`,
    unit: 'ms',
    ours: delay.get('potoroo')!,
    peers: [],
    target: '≤ 10 ms',
    met: delay.get('potoroo')! <= 10,
  })
  return table
}

/** The median of many puts into a queue that has nothing to do, each until its handler is called. */
async function idlePutToStart(path: string): Promise<number> {
  let started!: (at: number) => void
  const queue = await openQueue({
    name: 'bench',
    store: sqliteStore(path, { durability: 'process' }),
    handler: () => started(performance.now()),
  })
  const figures: number[] = []
  for (let i = 0; i < 200; i++) {
    const start = performance.now()
    const at = new Promise<number>((resolve) => (started = resolve))
    const job = await queue.put(i)
    figures.push((await at) - start)
    await job.watch()
  }
  await queue.stop()
  return median(figures)
}

/** How late the event loop is at the worst of a hundred looks, under the load that a web server makes. */
async function delayUnderLoad(path: string): Promise<number> {
  const queue = await openQueue({ name: 'bench', store: sqliteStore(path), handler: () => undefined, width: 100 })
  const histogram = monitorEventLoopDelay({ resolution: 1 })
  histogram.enable()
  const send = async (): Promise<void> => {
    for (let n = 0; n < JOBS / SENDERS; n++) await queue.put({ n })
  }
  await Promise.all(Array.from({ length: SENDERS }, send))
  await queue.idle()
  histogram.disable()
  await queue.stop()
  return histogram.percentile(99) / 1e6
}
