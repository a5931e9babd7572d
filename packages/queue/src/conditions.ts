import { Deferred } from 'potoroo'
import type { QueueStatus } from './store.ts'

/** Those who wait until a queue's status satisfies them: `idle`, and a `pause` that waits for what is underway. */
export class Conditions {
  readonly #look: () => Deferred<QueueStatus>
  readonly #waiting = new Set<{ readonly test: (status: QueueStatus) => boolean; readonly deferred: Deferred }>()
  #looking = false
  #again = false

  constructor(look: () => Deferred<QueueStatus>) {
    this.#look = look
  }

  /** Fires once `test` holds; cancelling leaves the line. */
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
          if (waiting.test(status) && this.#waiting.delete(waiting)) waiting.deferred.callback()
        }
        this.#next()
      },
      // The store will be asked again when there is news; whoever waits may cancel.
      () => this.#next(),
    )
  }

  /** Nobody will change anything any more: all fire. */
  close(): void {
    const all = [...this.#waiting]
    this.#waiting.clear()
    for (const { deferred } of all) deferred.callback()
  }

  #next(): void {
    this.#looking = false
    if (this.#again) this.check()
  }
}
