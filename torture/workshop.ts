import { type DurableJob, type DurableQueue, openQueue, type QueueStatus, type Rate } from '@potoroo/queue'
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { judge, type Jump, type Limits } from './judge.ts'
import type { Random } from './random.ts'
import type { Options } from './scenario.ts'
import type { JumpingClock } from './work/clock.ts'
import type { Kind, Receipt, Task } from './work/handlers.ts'
import type { Order } from './work/order.ts'
import { fileOf, openStore } from './work/store.ts'
import type { HowToSpawn } from './work/subprocess.ts'
import { WorkerProcess } from './work/worker-process.ts'

export interface WorkshopOptions extends Options {
  readonly random: Random
  readonly width: number
  readonly rate?: Rate | null
  readonly kinds?: readonly Kind[]
  /** What SQLite's commits survive; left out, it is left to chance. */
  readonly durability?: 'power' | 'process'
  /** The folder of an SQLite file; left out, a new one. */
  readonly folder?: string
  /** What workers may be warned of, and what puts may be refused with. Left out: nothing. */
  readonly mayWarn?: RegExp
  readonly mayRefuse?: RegExp
  readonly clock?: JumpingClock
  /** What a worker is started with if nothing else is said. */
  readonly order?: Partial<Order>
}

export const LEASE = 5_000
/** So many jobs that a worker puts until it is told that it is enough. */
export const FOREVER = 1e9
/** Milliseconds without any change after which a queue is said to stand still. */
const PATIENCE = 30_000
const NOTHING = /^(?!)/

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/**
 * A queue, the workers on it, and whoever makes their life hard. Everything that happens is written down, and judged at
 * the end.
 */
export class Workshop implements AsyncDisposable {
  readonly store: string
  readonly workers: WorkerProcess[] = []
  readonly jumps: Jump[] = []
  readonly #options: WorkshopOptions
  readonly #folder: string
  readonly #name: string
  readonly #limits: Limits[]
  #queue!: DurableQueue<Task, Receipt>

  private constructor(options: WorkshopOptions) {
    const { random, durability, store, width, rate = null } = options
    this.#options = options
    this.#folder = mkdtempSync(join(tmpdir(), 'potoroo-torture-'))
    // A server's store outlives the round, and another one may have the same seed.
    this.#name = `torture-${random.seed()}-${Date.now().toString(36)}`
    const survives = durability ?? random.pick(['power', 'process'])
    if (store === undefined) mkdirSync(join(this.#folder, 'data'))
    this.store = store ?? `sqlite:${join(options.folder ?? join(this.#folder, 'data'), 'jobs.db')}?durability=${survives}`
    this.#limits = [{ from: 0, committed: 0, width, rate }]
  }

  static async open(options: WorkshopOptions): Promise<Workshop> {
    const workshop = new Workshop(options)
    workshop.#queue = await openQueue<Task, Receipt>({
      name: workshop.#name,
      store: openStore(workshop.store),
      width: options.width,
      rate: options.rate ?? null,
      onWarning: (error) => options.log(`  the producer was warned: ${error.message}`),
      ...(options.clock && { clock: options.clock }),
    })
    return workshop
  }

  /** The queue, seen from a process that runs nothing. */
  get queue(): DurableQueue<Task, Receipt> {
    return this.#queue
  }

  /** The database's file, if the store is one. */
  get file(): string | undefined {
    return this.#options.store === undefined ? fileOf(this.store) : undefined
  }

  /** Whether somebody can write to the file now: for a second nobody lets go of it, if not. */
  get isWritable(): boolean {
    if (this.file === undefined) return true
    const database = new DatabaseSync(this.file, { timeout: 1_000 })
    try {
      database.exec('BEGIN IMMEDIATE; ROLLBACK')
      return true
    } catch {
      return false
    } finally {
      database.close()
    }
  }

  /** Starts a worker; resolves when it is at work. */
  async start(order: Partial<Order> = {}): Promise<WorkerProcess> {
    const worker = this.spawn(order)
    await worker.says('ready')
    return worker
  }

  /** As {@link start}, without waiting. */
  spawn(order: Partial<Order> = {}, how?: HowToSpawn): WorkerProcess {
    const worker = new WorkerProcess(
      {
        store: this.store,
        queue: this.#name,
        log: join(this.#folder, `${this.workers.length}.log`),
        seed: this.#options.random.seed(),
        lease: LEASE,
        runs: true,
        localWidth: 5,
        puts: 0,
        kinds: this.#options.kinds ?? ['quick', 'slow'],
        backlog: 200,
        ballast: 0,
        delay: 0,
        block: 100,
        crash: null,
        offset: null,
        ...this.#options.order,
        ...order,
      },
      how,
    )
    this.workers.push(worker)
    return worker
  }

  /** Those that have not ended. */
  get alive(): WorkerProcess[] {
    return this.workers.filter(({ endedAt }) => endedAt === undefined)
  }

  /** Sets width or rate, or both. */
  async change(patch: { readonly width?: number; readonly rate?: Rate | null }): Promise<void> {
    const { width, rate } = { ...this.#limits.at(-1)!, ...patch }
    // One that was before could not be told from its first time.
    if (this.#limits.some((limits) => JSON.stringify([limits.width, limits.rate]) === JSON.stringify([width, rate]))) return
    const from = Date.now()
    await this.#queue.update(patch)
    this.#limits.push({ from, committed: Date.now(), width, rate })
  }

  /** Lets nothing more be put. */
  enough(): void {
    for (const worker of this.alive) worker.tell('enough')
  }

  /**
   * Resolves with undefined once nothing is pending or underway, or with what is wrong if nothing changes for too long.
   *
   * @param keepUp called now and then, to replace workers that have ended
   */
  async rest(keepUp?: () => Promise<void>): Promise<string | undefined> {
    return this.until(({ counts, places }) => counts.pending === 0 && counts.underway === 0 && places === 0, keepUp)
  }

  /** Resolves with undefined once it is so, or with what is wrong if nothing changes for too long. */
  async until(isSo: (status: QueueStatus) => boolean, keepUp?: () => Promise<void>): Promise<string | undefined> {
    let last = ''
    let since = performance.now()
    for (;;) {
      const status = await this.#queue.status()
      if (isSo(status)) return undefined
      const seen = JSON.stringify(status)
      if (seen !== last) since = performance.now()
      last = seen
      if (performance.now() - since > PATIENCE) return `Nothing has happened for ${PATIENCE} ms: ${seen}`
      await keepUp?.()
      await sleep(20)
    }
  }

  /** Lets everything come to rest and all workers stop, and judges what was. */
  async end(keepUp?: () => Promise<void>): Promise<string[]> {
    const faults: string[] = []
    this.enough()
    const stalled = await this.rest(keepUp)
    if (stalled !== undefined) faults.push(stalled)
    for (const worker of this.alive) {
      const status = await worker.stop()
      if (status !== 0) faults.push(`A worker ended with ${status} when it was told to stop: ${worker.errors}`)
    }
    const jobs = await this.#all()
    faults.push(...this.#recount(jobs, await this.#queue.status()))
    await this.#queue.stop()
    // Whoever comes next takes away what the dead could not.
    await (await openQueue({ name: this.#name, store: openStore(this.store) })).stop()
    faults.push(...this.#inspect())
    const { mayWarn, mayRefuse } = this.#options
    faults.push(
      ...judge({
        workers: this.workers,
        limits: this.#limits,
        jobs,
        jumps: this.jumps,
        mayWarn: mayWarn ?? NOTHING,
        mayRefuse: mayRefuse ?? NOTHING,
      }),
    )
    const starts = this.workers.flatMap(({ lines }) => lines).filter(({ type }) => type === 'start').length
    this.#options.log(`  ${jobs.length} jobs, ${starts} starts, ${this.workers.length} workers, ${this.#limits.length} limits`)
    if (starts === 0) faults.push('Nothing was started')
    return faults
  }

  async #all(): Promise<DurableJob<Task, Receipt>[]> {
    const jobs: DurableJob<Task, Receipt>[] = []
    let after: string | null = ''
    while (after !== null) {
      const page: { readonly jobs: DurableJob<Task, Receipt>[]; readonly next: string | null } = await this.#queue.list({
        limit: 500,
        ...(after !== '' && { after }),
      })
      jobs.push(...page.jobs)
      after = page.next
    }
    return jobs
  }

  #recount(jobs: readonly DurableJob[], { counts, places }: QueueStatus): string[] {
    const faults: string[] = []
    for (const [state, count] of Object.entries(counts)) {
      const found = jobs.filter((job) => job.state === state).length
      if (found !== count) faults.push(`${count} jobs are said to be ${state}, and there are ${found}`)
    }
    if (places !== 0) faults.push(`${places} places are taken, and nothing is underway`)
    return faults
  }

  /** The file is sound, and nothing else was left behind. */
  #inspect(): string[] {
    const { file } = this
    if (file === undefined) return []
    const faults: string[] = []
    const left = readdirSync(join(file, '..')).filter((name) => name !== 'jobs.db' && name !== 'lost+found')
    if (left.length > 0) faults.push(`These files were left behind: ${left.join(', ')}`)
    const database = new DatabaseSync(file)
    const [check] = database.prepare('PRAGMA integrity_check').all() as { integrity_check: string }[]
    if (check?.integrity_check !== 'ok') faults.push(`The file is not sound: ${check?.integrity_check}`)
    database.close()
    return faults
  }

  /** Ends what has not ended, and takes everything away. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const worker of this.workers) await worker.kill()
    await this.#queue.stop({ within: 0 })
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
