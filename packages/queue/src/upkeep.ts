import type { Clock, Deferred } from 'potoroo'
import type { QueueStore, Retention, Worker } from './store.ts'

export interface UpkeepOptions {
  readonly store: QueueStore
  readonly worker: Worker
  readonly keep: Retention
  readonly clock: Clock
  /** The lease was found lost. */
  readonly onLost: () => void
  /** Asks for what may be asked for in the same commit, `elapsed` ms after it was called last. */
  readonly onRenew: (elapsed: number) => void
  readonly onWarning: (error: Error) => void
}

/** Milliseconds between looks at what is too old, and between the small deletions of one look. */
const PRUNE_EVERY = 60_000
/**
 * Milliseconds that a job is kept at least: in this time every process that works has looked and knows how it ended, though it
 * had to wait for a store that another one kept busy.
 */
const KEPT_AT_LEAST = 60_000
const PRUNE_PAUSE = 20
/** How often in a lease's length it is renewed, and how often it is tried when the store fails. */
const LOOKS = 3
const TRIES = 30

/**
 * What a worker does at intervals: it renews its lease, three times in the lease's length, takes back the jobs of those who
 * did not, and deletes what has been over for long enough.
 */
export class Upkeep {
  readonly #options: UpkeepOptions
  #leaseTimer: unknown
  #pruneTimer: unknown
  /** What was asked for last has not been answered. */
  #waiting = false
  #closed = false

  constructor(options: UpkeepOptions) {
    this.#options = options
  }

  /** Takes the lease and a dead predecessor's jobs; fires when that is done. */
  start(): Deferred<void> {
    const { store, worker, clock } = this.#options
    // In one commit; what keeps one from being done is said by the other, too.
    store.renew(worker, clock.now()).addErrback(() => undefined)
    return store.recover(() => clock.now(), 0, worker.id).addCallback(() => {
      this.#renewAfter(worker.lease / LOOKS)
      this.#pruneTimer = clock.setTimeout(() => this.#prune(), PRUNE_PAUSE)
    })
  }

  close(): void {
    this.#closed = true
    this.#options.clock.clearTimeout(this.#leaseTimer)
    this.#options.clock.clearTimeout(this.#pruneTimer)
  }

  #renewAfter(ms: number): void {
    const { clock } = this.#options
    clock.clearTimeout(this.#leaseTimer)
    this.#leaseTimer = clock.setTimeout(() => this.#renew(ms), ms)
  }

  /** @param elapsed milliseconds since it was last tried */
  #renew(elapsed: number): void {
    if (this.#closed) return
    const { store, worker, clock, onLost, onRenew, onWarning } = this.#options
    this.#renewAfter(worker.lease / LOOKS)
    onRenew(elapsed)
    // Looks that pile up behind a store that is locked would be counted as so many silences, all in one moment in which
    // nobody else could speak.
    if (this.#waiting) return
    this.#waiting = true
    store
      .renew(worker, clock.now())
      .addCallback((kept) => {
        if (!kept && !this.#closed) onLost()
      })
      .addErrback(({ value }) => {
        onWarning(value as Error)
        // Before others have looked so often that they take it for dead.
        if (!this.#closed) this.#renewAfter(worker.lease / TRIES)
      })
    store
      .recover(() => clock.now(), elapsed, worker.id)
      .addErrback(({ value }) => onWarning(value as Error))
      .addCallback(() => {
        this.#waiting = false
      })
  }

  #prune(): void {
    if (this.#closed) return
    const { store, keep, clock, onWarning } = this.#options
    const kept = { finished: Math.max(KEPT_AT_LEAST, keep.finished), failed: Math.max(KEPT_AT_LEAST, keep.failed) }
    store
      .prune(kept, clock.now())
      .addErrback(({ value }) => {
        onWarning(value as Error)
        return 0
      })
      .addCallback((pruned) => {
        if (this.#closed) return
        this.#pruneTimer = clock.setTimeout(() => this.#prune(), pruned > 0 ? PRUNE_PAUSE : PRUNE_EVERY)
      })
  }
}
