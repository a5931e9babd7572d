import { CancelledError, type Clock, Deferred, PotorooError, systemClock } from 'potoroo'
import { BatchedQueue } from './batched-queue.ts'
import type { Engine, EngineQueue } from './engine.ts'
import { StoreError } from './errors.ts'
import type {
  Declared,
  News,
  QueueStore,
  Store,
} from './store.ts'

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

interface Listener {
  readonly hear: (news: News) => void
  readonly waits: () => boolean
}

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

  open(queue: string, declared: Declared, hear: (news: News) => void, waits = () => true): Deferred<QueueStore> {
    const opening: Deferred<EngineQueue> = this.#enqueue(() => {
      // Cancelled before its turn: nobody would ever close it.
      if (opening.called) throw new CancelledError()
      return this.#engine!.openQueue(queue, declared)
    })
    return opening.addCallback((opened): QueueStore => {
      const own: Listener = { hear, waits }
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

  queues(): Deferred<string[]> {
    return this.#enqueue(() => this.#engine!.queues())
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
      for (const [{ notes }, listeners] of this.#listeners) notes.waits = someWaits(listeners)
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
      const { settings, foreign, missed } = notes
      const jobs = notes.jobs.splice(0)
      notes.settings = null
      notes.foreign = false
      notes.missed = false
      if (!committed || (jobs.length === 0 && settings === null && !foreign)) continue
      const news: News = { jobs, settings, foreign, missed }
      for (const { hear } of [...listeners]) hear(news)
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

function someWaits(listeners: Iterable<Listener>): boolean {
  for (const { waits } of listeners) if (waits()) return true
  return false
}
