import { type Chain, fire } from '../deferred/chain.ts'
import { Deferred } from '../deferred/deferred.ts'
import type { Failure } from '../deferred/failure.ts'
import { FIRED } from '../deferred/flags.ts'
import { type Linked, LinkedList } from './linked-list.ts'

/** What somebody who has to wait is given. It leaves its line when it is cancelled, or fired by hand. */
class Waiter<T> extends Deferred<T> implements Linked<Waiter<T>> {
  /** @internal Where it stands; `null` once it does not. */ _line: Waiters<T> | null
  _next: Waiter<T> | null = null
  _previous: Waiter<T> | null = null

  constructor(line: Waiters<T>) {
    super(leave as (waiter: Deferred<T>) => void)
    this._line = line
  }

  override callback(value: T): void {
    super.callback(value)
    leave(this)
  }

  override errback(reason: unknown): void {
    super.errback(reason)
    leave(this)
  }
}

function leave<T>(waiter: Waiter<T>): void {
  waiter._line?._leave(waiter)
}

/** A line of those who wait, first come first served. Whoever is cancelled leaves it, in O(1). */
export class Waiters<T> {
  readonly #line = new LinkedList<Waiter<T>>()
  readonly #onLeave: ((line: Waiters<T>) => void) | undefined

  /** @param onLeave told when one has left by itself */
  constructor(onLeave?: (line: Waiters<T>) => void) {
    this.#onLeave = onLeave
  }

  get size(): number {
    return this.#line.length
  }

  add(): Deferred<T> {
    const waiter = new Waiter(this)
    this.#line.append(waiter)
    return waiter
  }

  /** Takes out whoever has waited longest. `undefined`: nobody waits. */
  shift(): Deferred<T> | undefined {
    for (let { first } = this.#line; first !== null; { first } = this.#line) {
      this.#remove(first)
      // One that another deferred was chained to may have been fired by that.
      if ((first._flags & FIRED) === 0) return first
    }
    return undefined
  }

  /** Takes all out, in the order they came: whoever is cancelled from now on is no business of the line. */
  takeAll(): Deferred<T>[] {
    const all: Deferred<T>[] = []
    for (let { first } = this.#line; first !== null; { first } = this.#line) {
      this.#remove(first)
      all.push(first)
    }
    return all
  }

  /** The moment has come: fires all who wait now, in the order they came. Those who come meanwhile wait for the next. */
  wake(result: T | Failure): void {
    for (const waiter of this.takeAll()) fireOnce(waiter, result)
  }

  /** @internal */
  _leave(waiter: Waiter<T>): void {
    this.#remove(waiter)
    this.#onLeave?.(this)
  }

  #remove(waiter: Waiter<T>): void {
    waiter._line = null
    this.#line.remove(waiter)
  }
}

/** Gives a deferred that we handed out its result, unless whoever holds it fired or cancelled it by then. */
export function fireOnce(deferred: Chain, result: unknown): void {
  if ((deferred._flags & FIRED) === 0) fire(deferred, result)
}

/** A deferred that has fired, with anything: a value that is a deferred is not waited for. */
export function fired<T>(result: T | Failure): Deferred<T> {
  const deferred = new Deferred<T>()
  fire(deferred, result)
  return deferred
}
