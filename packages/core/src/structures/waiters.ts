import { type Chain, fire } from '../deferred/chain.ts'
import { Deferred } from '../deferred/deferred.ts'
import { FIRED } from '../deferred/flags.ts'

/** Those who wait for one moment. One that is cancelled leaves, in O(1). */
export class Waiters<T> {
  #waiting = new Set<Deferred<T>>()
  readonly #leave = (deferred: Deferred<T>): void => void this.#waiting.delete(deferred)

  get size(): number {
    return this.#waiting.size
  }

  add(): Deferred<T> {
    const deferred = new Deferred<T>(this.#leave)
    this.#waiting.add(deferred)
    return deferred
  }

  /** The moment has come: fires all who wait now, in the order they came. Those who come meanwhile wait for the next. */
  wake(value: T): void {
    if (this.#waiting.size === 0) return
    const waiting = this.#waiting
    this.#waiting = new Set()
    for (const deferred of waiting) fireOnce(deferred, value)
  }
}

/** Gives a deferred that we handed out its result, unless whoever holds it fired or cancelled it by then. */
export function fireOnce(deferred: Chain, result: unknown): void {
  if ((deferred._flags & FIRED) === 0) fire(deferred, result)
}
