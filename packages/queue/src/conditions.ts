import { type Clock, Deferred } from 'potoroo'
import type { QueueStatus } from './store.ts'

/** Milliseconds after which a look that failed is repeated. */
const LOOK_AGAIN_AFTER = 500

interface Waiting {
  readonly test: (status: QueueStatus) => boolean
  readonly deferred: Deferred
}

/** Those who wait until a queue's status satisfies them: `idle`, and a `pause` that waits for what is underway. */
export class Conditions {
  readonly #look: () => Deferred<QueueStatus>
  readonly #waiting = new Set<Waiting>()
  readonly #clock: Clock
  #looking = false
  #again = false
  #timer: unknown

  constructor(look: () => Deferred<QueueStatus>, clock: Clock) {
    this.#look = look
    this.#clock = clock
  }

  /** Fires once `test` holds, fails with what it throws; cancelling leaves the line. */
  until(test: (status: QueueStatus) => boolean): Deferred {
    const deferred = new Deferred(() => this.#waiting.delete(waiting))
    const waiting = { test, deferred }
    this.#waiting.add(waiting)
    this.check()
    return deferred
  }

  /** Something has changed. */
  check(): void {
    if (this.#waiting.size === 0) return
    this.#again = true
    if (this.#looking) return
    this.#looking = true
    this.#again = false
    this.#look().addCallbacks(
      (status) => {
        for (const waiting of [...this.#waiting]) {
          this.#try(waiting, status)
        }
        this.#next()
      },
      // It may have been the last thing that was to happen: there need not be news to look at it again for.
      () => {
        this.#clock.clearTimeout(this.#timer)
        if (this.#waiting.size > 0) this.#timer = this.#clock.setTimeout(() => this.check(), LOOK_AGAIN_AFTER)
        this.#next()
      },
    )
  }

  #try(waiting: Waiting, status: QueueStatus): void {
    let error: unknown
    try {
      if (!waiting.test(status)) return
    } catch (thrown) {
      error = thrown
    }
    if (!this.#waiting.delete(waiting)) return
    if (error === undefined) waiting.deferred.callback()
    else waiting.deferred.errback(error)
  }

  /** Nobody will change anything any more: all fire. */
  close(): void {
    const all = [...this.#waiting]
    this.#waiting.clear()
    this.#clock.clearTimeout(this.#timer)
    for (const { deferred } of all) deferred.callback()
  }

  #next(): void {
    this.#looking = false
    if (this.#again) this.check()
  }
}
