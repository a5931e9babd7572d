import { Deferred } from '../deferred/deferred.ts'
import { type Linked, LinkedList } from '../structures/linked-list.ts'
import { fireOnce } from '../structures/waiters.ts'

/** Somebody who waits until fewer than `limit` are pending. */
class SizeWaiter extends Deferred<void> implements Linked<SizeWaiter> {
  _next: SizeWaiter | null = null
  _previous: SizeWaiter | null = null
  limit = 0
  waits = true
}

/** Those who wait until few enough are pending, in order of arrival. One that is cancelled leaves, in O(1). */
export class SizeWaiters {
  /** Nobody need be woken while as many as this are pending; 0 if nobody waits. */
  highest = 0
  readonly #waiting = new LinkedList<SizeWaiter>()
  readonly #leave = (waiter: Deferred<void>): void => this.#remove(waiter as SizeWaiter)

  add(limit: number): Deferred<void> {
    const waiter = new SizeWaiter(this.#leave)
    waiter.limit = limit
    this.#waiting.append(waiter)
    this.highest = Math.max(this.highest, limit)
    return waiter
  }

  /** Fires those for whom `line` is short enough, one after the other: what their callbacks put holds up the rest. */
  wake(line: { readonly length: number }): void {
    let highest = 0
    let waiter = this.#waiting.first
    while (waiter !== null) {
      if (line.length >= this.highest) return
      const next: SizeWaiter | null = waiter._next
      if (waiter.limit <= line.length) {
        highest = Math.max(highest, waiter.limit)
        waiter = next
      } else {
        this.#remove(waiter)
        fireOnce(waiter, undefined)
        // Its callbacks may have taken the next one out.
        waiter = next === null || next.waits ? next : this.#waiting.first
      }
    }
    this.highest = highest
  }

  #remove(waiter: SizeWaiter): void {
    if (!waiter.waits) return
    waiter.waits = false
    this.#waiting.remove(waiter)
  }
}
