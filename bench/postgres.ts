import { openQueue } from '@potoroo/queue'
import { postgresStore } from '@potoroo/postgres'
import { PostgresServer } from '../test/postgres-server.ts'
import { type Contender, interleaved, median, type Row } from './measure.ts'
import { peer } from './peers.ts'

interface Pg {
  readonly Pool: new (options: { connectionString: string }) => Pool
}
interface Pool {
  query(text: string, values?: unknown[]): Promise<{ rows: Record<string, unknown>[] }>
  end(): Promise<void>
}

/** What of graphile-worker is used here. */
interface Graphile {
  run(options: object): Promise<{ stop(): Promise<void> }>
  runMigrations(options: object): Promise<void>
  quickAddJob(options: object, task: string, payload: unknown): Promise<unknown>
  makeWorkerUtils(options: object): Promise<{ addJob(task: string, payload: unknown): Promise<unknown>; release(): Promise<void> }>
  readonly Logger: new (factory: () => () => void) => unknown
}
/** What of pg-boss is used here. */
interface Boss {
  readonly PgBoss: new (options: object) => {
    on(event: 'error', listener: (error: Error) => void): void
    start(): Promise<unknown>
    stop(options?: object): Promise<void>
    createQueue(name: string, options?: object): Promise<void>
    insert(name: string, jobs: object[]): Promise<unknown>
    send(name: string, data: object): Promise<unknown>
    work(name: string, options: object, handler: (jobs: unknown[]) => Promise<void>): Promise<string>
  }
}
/** What of BullMQ is used here, with PostgreSQL behind it. */
interface Bull {
  withBackend(backend: unknown): {
    Queue: new (name: string, options: object) => { addBulk(jobs: object[]): Promise<unknown>; close(): Promise<void>; waitUntilReady(): Promise<unknown> }
    Worker: new (name: string, work: () => Promise<void>, options: object) => { on(event: string, listener: () => void): void; close(): Promise<void> }
  }
  readonly createPostgresBackend: unknown
}

const JOBS = 60_000
const SLOW_JOBS = 1_500
const SERIAL_PUTS = 500
const TASK = 'bench'
/** Settings of a server that is used in earnest. */
const SERVER = ['fsync=on', 'full_page_writes=on', 'shared_buffers=512MB', 'max_wal_size=4GB']

export async function rows(): Promise<Row[]> {
  // Some peers leave connections behind, which in the end are told that the server stops.
  process.on('uncaughtException', (error: Error & { code?: string }) => {
    if (error.code !== '57P01') throw error
  })
  await using server = await PostgresServer.start(SERVER)
  const { default: pg } = await peer<{ default: Pg }>('pg')
  const bench = new Bench(server.url(), pg)
  const graphile = await peer<Graphile>('graphile-worker')
  const boss = await peer<Boss>('pg-boss')
  const bull = await peer<Bull>('bullmq')
  const logger = new graphile.Logger(() => () => {})
  const table: Row[] = []

  const run = await interleaved([
    bench.runs('potoroo', { rate: { limit: 1_000_000, per: 1_000 }, width: WIDTH }),
    bench.runs('unlimited', { rate: null, width: Infinity }),
    {
      name: 'graphile-worker',
      run: () =>
        bench.inDatabase(async (connectionString, pool) => {
          await graphile.runMigrations({ connectionString, logger })
          await pool.query(
            `SELECT graphile_worker.add_jobs(ARRAY(SELECT json_populate_record(null::graphile_worker.job_spec,
               json_build_object('identifier', '${TASK}', 'payload', json_build_object('n', n))) FROM generate_series(1, ${JOBS}) n))`,
          )
          const done = counter(JOBS)
          const start = performance.now()
          const worker = { connectionString, logger, concurrentJobs: 24, maxPoolSize: 12, completeJobBatchDelay: 0, failJobBatchDelay: 0 }
          const runner = await graphile.run({
            preset: { worker: { ...worker, localQueue: { size: 500, refetchDelay: { durationMs: 0 } } } },
            taskList: { [TASK]: async () => done.tick() },
            noHandleSignals: true,
          })
          await done.all
          // What is done is recorded a moment later.
          await runner.stop()
          return perSecond(JOBS, start)
        }),
    },
    {
      name: 'pg-boss',
      run: () =>
        bench.inDatabase(async (connectionString) => {
          const queue = await bench.boss(boss, connectionString)
          for (let i = 0; i < JOBS; i += 1_000) await queue.insert(TASK, Array.from({ length: 1_000 }, (_, k) => ({ data: { n: i + k } })))
          const done = counter(JOBS)
          const start = performance.now()
          for (let i = 0; i < 2; i++) {
            await queue.work(TASK, { batchSize: 1_000, pollingIntervalSeconds: 0.5, burstWhenBatchFull: true }, async (jobs) => done.tick(jobs.length))
          }
          await done.all
          await queue.stop({ graceful: true })
          return perSecond(JOBS, start)
        }),
    },
    {
      name: 'BullMQ',
      run: () =>
        bench.inDatabase(async (connectionString) => {
          const { Queue, Worker } = bull.withBackend(bull.createPostgresBackend)
          const queue = new Queue(TASK, { connection: { connectionString, migrate: true } })
          await queue.waitUntilReady()
          await queue.addBulk(Array.from({ length: SLOW_JOBS }, (_, n) => ({ name: TASK, data: { n } })))
          const done = counter(SLOW_JOBS)
          const start = performance.now()
          const worker = new Worker(TASK, async () => done.tick(), { connection: connectionString, concurrency: 100 })
          worker.on('error', () => {})
          await done.all
          const figure = perSecond(SLOW_JOBS, start)
          await worker.close()
          await queue.close()
          return figure
        }),
    },
  ])
  const [mine, unlimited] = [run.get('potoroo')!, run.get('unlimited')!]
  const peers = ['graphile-worker', 'pg-boss', 'BullMQ'].map((name) => ({ name, value: run.get(name)! }))
  table.push({
    what: 'PostgreSQL, run+finish, one process, global width and rate on',
    unit: 'jobs/s',
    ours: mine,
    peers,
    target: '≥ 1.5× graphile-worker',
    met: mine >= 1.5 * run.get('graphile-worker')!,
  })
  table.push({
    what: 'PostgreSQL, what global width and rate cost of that',
    unit: '%',
    ours: Math.max(0, 100 * (1 - mine / unlimited)),
    peers: [],
    target: '< 10%',
    met: mine > 0.9 * unlimited,
  })

  const puts = await interleaved([
    {
      name: 'potoroo',
      run: () =>
        bench.inDatabase(async (connectionString) => {
          const queue = await openQueue({ name: TASK, store: postgresStore({ connectionString }) })
          await queue.put(0)
          const start = performance.now()
          await Promise.all(Array.from({ length: JOBS }, (_, n) => queue.put({ n })))
          const figure = perSecond(JOBS, start)
          await queue.stop()
          return figure
        }),
    },
    {
      name: 'graphile-worker, one after the other',
      run: () =>
        bench.inDatabase(async (connectionString) => {
          await graphile.runMigrations({ connectionString, logger })
          const utils = await graphile.makeWorkerUtils({ connectionString, logger })
          await utils.addJob(TASK, 0)
          const start = performance.now()
          for (let n = 0; n < SERIAL_PUTS; n++) await utils.addJob(TASK, { n })
          const figure = perSecond(SERIAL_PUTS, start)
          await utils.release()
          return figure
        }),
    },
  ])
  const [ourPuts, theirPuts] = [...puts.values()] as [number, number]
  table.push({
    what: 'PostgreSQL, concurrent single puts',
    unit: 'puts/s',
    ours: ourPuts,
    peers: [{ name: 'graphile-worker, one after the other', value: theirPuts }],
    target: '≥ 50× graphile-worker',
    met: ourPuts >= 50 * theirPuts,
  })

  const latency = await interleaved([
    {
      name: 'potoroo',
      run: () =>
        bench.inDatabase(async (connectionString) => {
          const starts = new Starts()
          const queue = await openQueue({ name: TASK, store: postgresStore({ connectionString }), handler: () => starts.started() })
          const figure = await starts.measure(async (n) => void (await queue.put(n)))
          await queue.stop()
          return figure
        }),
    },
    {
      name: 'graphile-worker',
      run: () =>
        bench.inDatabase(async (connectionString) => {
          const starts = new Starts()
          const runner = await graphile.run({
            preset: { worker: { connectionString, logger, concurrentJobs: 4 } },
            taskList: { [TASK]: async () => starts.started() },
            noHandleSignals: true,
          })
          const utils = await graphile.makeWorkerUtils({ connectionString, logger })
          const figure = await starts.measure(async (n) => void (await utils.addJob(TASK, { n })))
          await utils.release()
          await runner.stop()
          return figure
        }),
    },
  ])
  table.push({
    what: 'PostgreSQL, idle put → handler starts',
    unit: 'ms',
    ours: latency.get('potoroo')!,
    peers: [{ name: 'graphile-worker', value: latency.get('graphile-worker')! }],
    target: '≤ 5 ms',
    met: latency.get('potoroo')! <= 5,
  })
  return table
}

/** Times from a put to the start of its handler, each when the one before is done. */
class Starts {
  #resolve: (at: number) => void = () => {}

  started(): void {
    this.#resolve(performance.now())
  }

  async measure(put: (n: number) => Promise<void>): Promise<number> {
    const figures: number[] = []
    for (let n = 0; n < 60; n++) {
      const begin = performance.now()
      const at = new Promise<number>((resolve) => (this.#resolve = resolve))
      await put(n)
      figures.push((await at) - begin)
      // Idle again, whatever is still to be recorded.
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    return median(figures)
  }
}

const WIDTH = 4_000

class Bench {
  readonly #url: string
  readonly #pg: Pg
  #databases = 0

  constructor(url: string, pg: Pg) {
    this.#url = url
    this.#pg = pg
  }

  /** Runs `JOBS` jobs that were put before, with a handler that does nothing; until all of it is recorded. */
  runs(name: string, limits: { readonly rate: { limit: number; per: number } | null; readonly width: number }): Contender {
    return {
      name,
      run: () =>
        this.inDatabase(async (connectionString) => {
          const store = () => postgresStore({ connectionString })
          const producer = await openQueue({ name: TASK, store: store() })
          for (let i = 0; i < JOBS; i += 1_000) await producer.putMany(Array.from({ length: 1_000 }, (_, k) => ({ arg: { n: i + k } })))
          await producer.stop()
          const done = counter(JOBS)
          const start = performance.now()
          const queue = await openQueue({ name: TASK, store: store(), handler: () => done.tick(), localWidth: WIDTH, ...limits })
          await done.all
          await queue.stop()
          return perSecond(JOBS, start)
        }),
    }
  }

  async boss({ PgBoss }: Boss, connectionString: string) {
    const queue = new PgBoss({ connectionString })
    queue.on('error', () => {})
    await queue.start()
    await queue.createQueue(TASK)
    return queue
  }

  /** A database of its own, so that nobody meets what another has left behind. */
  async inDatabase<T>(work: (connectionString: string, pool: Pool) => Promise<T>): Promise<T> {
    const name = `bench${++this.#databases}`
    const url = this.#url.replace(/\/postgres$/, `/${name}`)
    const admin = new this.#pg.Pool({ connectionString: this.#url })
    await admin.query(`CREATE DATABASE ${name}`)
    const pool = new this.#pg.Pool({ connectionString: url })
    try {
      await pool.query('CHECKPOINT')
      return await work(url, pool)
    } finally {
      await pool.end()
      await admin.end()
    }
  }
}

function counter(count: number): { tick(n?: number): void; readonly all: Promise<void> } {
  let left = count
  let finished!: () => void
  const all = new Promise<void>((resolve) => (finished = resolve))
  return {
    all,
    tick(n = 1) {
      left -= n
      if (left === 0) finished()
    },
  }
}

function perSecond(count: number, start: number): number {
  return (count / (performance.now() - start)) * 1_000
}
