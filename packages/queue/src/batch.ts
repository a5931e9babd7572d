import { CancelledError, type Clock, Deferred, fail, PotorooError, succeed, systemClock } from 'potoroo'
import { StoreError } from './errors.ts'
import type { JobRecord } from './record.ts'
import type {
  Change,
  Declared,
  Exchange,
  Exchanged,
  Facts,
  JobList,
  ListOptions,
  NewJob,
  News,
  Put,
  QueueSettings,
  QueueStatus,
  QueueStore,
  Retention,
  SettingsPatch,
  Store,
  Worker,
} from './store.ts'

/** What an {@link Engine} notes while it works, for those who listen to a queue. */
export interface Notes {
  readonly jobs: JobRecord[]
  settings: QueueSettings | null
  foreign: boolean
}

/**
 * A store's engine that answers at once: a database in this process. Its operations are those of a {@link QueueStore};
 * they throw instead of failing, and must do so before they change anything, unless it is the whole transaction that
 * cannot be done.
 */
export interface Engine {
  /** Runs `work` in one transaction, which is committed when this returns; rolled back and thrown on when it throws. */
  transaction(work: () => void): void
  /** The queue of this name: the same object as long as it is open. */
  openQueue(queue: string, declared: Declared): EngineQueue
  closeQueue(queue: EngineQueue): void
  close(): void
}

export interface EngineQueue {
  readonly settings: QueueSettings
  /** What is to be told after the commit; emptied then. */
  readonly notes: Notes
  put(jobs: readonly NewJob[], options: { readonly size: number; readonly now: number }): Put[]
  exchange(exchange: Exchange): Exchanged
  renew(worker: Worker, now: number): boolean
  retire(worker: Worker, now: number): void
  recover(now: number, elapsed: number, looker: string): number
  change(id: string, change: Change, now: number): JobRecord
  clear(limit: number, now: number): number
  update(patch: SettingsPatch): QueueStatus
  job(id: string): JobRecord | undefined
  list(options: ListOptions): JobList
  status(): QueueStatus
  facts(id: string, now: number): Facts | undefined
  prune(retention: Retention, now: number): number
}

/** Milliseconds to wait for an engine that another process keeps busy, in all and at a time. */
const BUSY_PATIENCE = 10_000
const BUSY_PAUSE = 5
/** Milliseconds after which a transaction takes on nothing more, so that the event loop comes to other things. */
const TURN = 5

interface Operation {
  readonly run: () => unknown
  readonly deferred: Deferred<unknown>
  value: unknown
  failed: boolean
}

type Listener = (news: News) => void

/**
 * A {@link Store} over an {@link Engine}: operations asked for in one moment become one transaction, so that a thousand
 * puts cost one commit; each deferred fires after it. What others hear is told before: whoever waits for a change finds
 * it in force.
 */
export class BatchedStore implements Store {
  readonly #openEngine: () => Engine
  readonly #schedule: (flush: () => void) => void
  #engine: Engine | undefined
  #operations: Operation[] = []
  readonly #listeners = new Map<EngineQueue, Set<Listener>>()

  /** When the batch at hand first found the engine busy. */
  #busySince: number | undefined
  readonly #clock: Clock

  /**
   * @param openEngine called when the first queue is opened
   * @param schedule calls back at the end of the moment
   * @param clock for waiting while another process has the engine to itself
   */
  constructor(openEngine: () => Engine, schedule: (flush: () => void) => void, clock: Clock = systemClock) {
    this.#openEngine = openEngine
    this.#schedule = schedule
    this.#clock = clock
  }

  open(queue: string, declared: Declared, listener: Listener): Deferred<QueueStore> {
    const opening: Deferred<EngineQueue> = this.#enqueue(() => {
      // Cancelled before its turn: nobody would ever close it.
      if (opening.called) throw new CancelledError()
      return this.#engine!.openQueue(queue, declared)
    })
    return opening.addCallback((opened): QueueStore => {
      // One of its own: the same function may listen twice.
      const own: Listener = (news) => listener(news)
      const others = this.#listeners.get(opened)
      if (others) others.add(own)
      else this.#listeners.set(opened, new Set([own]))
      return new BatchedQueue(
        opened,
        (run) => this.#enqueue(run),
        () => this.#leave(opened, own),
      )
    })
  }

  /** Looks at what other processes have done: their changes are noted at the start of a transaction. */
  poll(): void {
    if (this.#engine !== undefined && this.#operations.length === 0) {
      this.#enqueue(() => undefined).addErrback(() => undefined)
    }
  }

  #leave(queue: EngineQueue, listener: Listener): void {
    const listeners = this.#listeners.get(queue)
    if (!listeners?.delete(listener) || listeners.size > 0) return
    this.#listeners.delete(queue)
    this.#engine?.closeQueue(queue)
    this.#closeIfUnused()
  }

  #closeIfUnused(): void {
    if (this.#listeners.size > 0 || this.#operations.length > 0) return
    this.#engine?.close()
    this.#engine = undefined
  }

  #enqueue<T>(run: () => T): Deferred<T> {
    const deferred = new Deferred<unknown>()
    if (this.#operations.push({ run, deferred, value: undefined, failed: false }) === 1) {
      this.#schedule(() => this.#flush())
    }
    return deferred as Deferred<T>
  }

  #flush(): void {
    const operations = this.#operations
    if (operations.length === 0) return
    this.#operations = []
    let failure: unknown
    try {
      this.#engine ??= this.#openEngine()
      this.#engine.transaction(() => {
        // A try before this one may have got further, and been rolled back.
        const done = runSome(operations)
        if (done < operations.length) this.#later(operations.splice(done))
      })
    } catch (error) {
      if (this.#tryAgain(error, operations)) return
      failure = error ?? new Error('The store failed')
    }
    this.#busySince = undefined
    this.#tell(failure === undefined)
    for (const { deferred, value, failed } of operations) {
      // Cancelled while it waited: it has been done all the same, and nobody wants to hear of it.
      if (deferred.called) continue
      if (failure !== undefined) deferred.errback(failure)
      else if (failed) deferred.errback(value)
      else deferred.callback(value)
    }
    // If the first queue could not be opened, nobody else will close what was.
    this.#closeIfUnused()
  }

  /** What there was no time for goes first in the next transaction, after others have had their turn. */
  #later(operations: Operation[]): void {
    if (this.#operations.length === 0) this.#schedule(() => this.#flush())
    this.#operations = operations.concat(this.#operations)
  }

  /** While another process is in the middle of a commit nothing has been done, so the batch waits, and takes on more. */
  #tryAgain(error: unknown, operations: Operation[]): boolean {
    if (!(error instanceof StoreError) || error.code !== 'ERR_STORE_BUSY') return false
    const now = this.#clock.now()
    this.#busySince ??= now
    if (now - this.#busySince >= BUSY_PATIENCE) return false
    this.#tell(false)
    this.#operations = operations.concat(this.#operations)
    this.#clock.setTimeout(() => this.#flush(), BUSY_PAUSE)
    return true
  }

  #tell(committed: boolean): void {
    for (const [{ notes }, listeners] of [...this.#listeners]) {
      const { settings, foreign } = notes
      const jobs = notes.jobs.splice(0)
      notes.settings = null
      notes.foreign = false
      if (!committed || (jobs.length === 0 && settings === null && !foreign)) continue
      const news: News = { jobs, settings, foreign }
      for (const listener of [...listeners]) listener(news)
    }
  }
}

/** Runs operations for one turn's time, at least one. How many it has run. */
function runSome(operations: readonly Operation[]): number {
  const end = performance.now() + TURN
  let done = 0
  for (const operation of operations) {
    runOne(operation)
    done++
    if (performance.now() > end) break
  }
  return done
}

/** An operation that cannot be done says so before it has changed anything; what stops the whole transaction goes on up. */
function runOne(operation: Operation): void {
  try {
    operation.value = operation.run()
    operation.failed = false
  } catch (error) {
    if (error instanceof StoreError || !(error instanceof PotorooError)) throw error
    operation.value = error
    operation.failed = true
  }
}

class BatchedQueue implements QueueStore {
  readonly #queue: EngineQueue
  readonly #enqueue: <T>(run: () => T) => Deferred<T>
  readonly #leave: () => void
  #closed = false

  constructor(queue: EngineQueue, enqueue: <T>(run: () => T) => Deferred<T>, leave: () => void) {
    this.#queue = queue
    this.#enqueue = (run) => (this.#closed ? fail(new StoreError('ERR_STORE_CLOSED', 'This queue was closed; open it again')) : enqueue(run))
    this.#leave = leave
  }

  get settings(): QueueSettings {
    return this.#queue.settings
  }
  put(jobs: readonly NewJob[], options: { readonly size: number; readonly now: number }): Deferred<Put[]> {
    return this.#enqueue(() => this.#queue.put(jobs, options))
  }
  exchange(make: () => Exchange): Deferred<Exchanged> {
    return this.#enqueue(() => this.#queue.exchange(make()))
  }
  renew(worker: Worker, now: number): Deferred<boolean> {
    return this.#enqueue(() => this.#queue.renew(worker, now))
  }
  retire(worker: Worker, now: number): Deferred<void> {
    return this.#enqueue(() => this.#queue.retire(worker, now))
  }
  recover(now: number, elapsed: number, looker: string): Deferred<number> {
    return this.#enqueue(() => this.#queue.recover(now, elapsed, looker))
  }
  change(id: string, change: Change, now: number): Deferred<JobRecord> {
    return this.#enqueue(() => this.#queue.change(id, change, now))
  }
  clear(limit: number, now: number): Deferred<number> {
    return this.#enqueue(() => this.#queue.clear(limit, now))
  }
  update(patch: SettingsPatch): Deferred<QueueStatus> {
    return this.#enqueue(() => this.#queue.update(patch))
  }
  job(id: string): Deferred<JobRecord | undefined> {
    return this.#enqueue(() => this.#queue.job(id))
  }
  list(options: ListOptions): Deferred<JobList> {
    return this.#enqueue(() => this.#queue.list(options))
  }
  status(): Deferred<QueueStatus> {
    return this.#enqueue(() => this.#queue.status())
  }
  facts(id: string, now: number): Deferred<Facts | undefined> {
    return this.#enqueue(() => this.#queue.facts(id, now))
  }
  prune(retention: Retention, now: number): Deferred<number> {
    return this.#enqueue(() => this.#queue.prune(retention, now))
  }
  close(): Deferred<void> {
    if (this.#closed) return succeed()
    const closed = this.#enqueue(() => undefined).addBoth(() => this.#leave())
    this.#closed = true
    return closed
  }
}
