import { append } from '../deferred/chain.ts'
import { Deferred, succeed } from '../deferred/deferred.ts'
import type { Failure } from '../deferred/failure.ts'
import { usageError } from '../errors.ts'
import { Closable } from './closable.ts'
import { fired, Waiters } from './waiters.ts'

/**
 * The deferreds that have not fired yet, to know when all have: a service that shuts down puts its requests into a pool,
 * and waits until that is empty. `await using pool = new DeferredPool()` waits at the end of the block.
 *
 * @example
 * const pool = new DeferredPool()
 * const answer = pool.add(new Deferred<string>())
 * const empty = pool.notifyWhenEmpty()
 * answer.callback('yes') // empty has fired
 */
export class DeferredPool extends Closable implements AsyncDisposable {
  readonly #members = new Set<Deferred<unknown>>()
  readonly #waiters = new Waiters<void>()

  /**
   * Adds a deferred, which leaves when it has its result at this point of its chain. It is passed on as it is: the pool
   * neither changes a result nor handles a failure. One that has fired already comes and goes; adding one again that is
   * there makes no difference.
   *
   * @returns this same deferred
   * @throws TypeError ERR_NOT_A_DEFERRED for a promise or anything else
   * @throws ClosedError ERR_CLOSED if the pool is closed
   */
  add<D extends Deferred<unknown>>(deferred: D): D {
    if (!(deferred instanceof Deferred)) {
      throw usageError(TypeError, 'ERR_NOT_A_DEFERRED', 'A pool holds deferreds: for a promise, add Deferred.from(promise)')
    }
    this._checkOpen()
    if (this.#members.has(deferred)) return deferred
    this.#members.add(deferred)
    const leave = (result: unknown): unknown => {
      this.#members.delete(deferred)
      if (this.#members.size === 0) this.#waiters.wake(undefined)
      return result
    }
    append(deferred, leave, leave)
    return deferred
  }

  /**
   * Fires when the pool is empty, or fails with ClosedError ERR_CLOSED if it is closed before. Cancelling it stops the
   * waiting.
   *
   * @param options `testImmediately`: whether it fires at once if the pool is empty now, as it does unless told otherwise,
   *   or waits until it has been filled and is empty again
   */
  notifyWhenEmpty({ testImmediately = true }: { readonly testImmediately?: boolean | undefined } = {}): Deferred<void> {
    if (testImmediately && this.#members.size === 0) return succeed()
    return this._closing === undefined ? this.#waiters.add() : fired<void>(this._closing)
  }

  /** How many have not fired. */
  get size(): number {
    return this.#members.size
  }

  /** How many have not fired, and how many wait for the pool to be empty. */
  status(): { outstanding: number; waiting: number } {
    return { outstanding: this.#members.size, waiting: this.#waiters.size }
  }

  /** Waits until it is empty, what is added meanwhile included, and closes it. If it is closed already, waits for nothing. */
  async [Symbol.asyncDispose](): Promise<void> {
    while (!this.closed && this.#members.size > 0) await this.notifyWhenEmpty()
    this.close()
  }

  /** @internal */
  override _dismiss(failure: Failure): void {
    this.#waiters.wake(failure)
  }
}
