import { append, fire } from '../deferred/chain.ts'
import { Deferred } from '../deferred/deferred.ts'
import type { Failure } from '../deferred/failure.ts'
import { adopt, thenOf } from '../deferred/thenable.ts'
import type { Settled } from '../deferred/types.ts'
import { QueueUnderflow, usageError } from '../errors.ts'
import { type Capacity, checkCapacity } from './capacity.ts'
import { Closable } from './closable.ts'
import { Permit } from './permit.ts'
import { fired, fireOnce, Waiters } from './waiters.ts'

/** How many may wait for a place. */
export type Backlog = Pick<Capacity, 'backlog'>

/** What a semaphore and a lock have in common: places, those who hold them, and a line of those who want one. */
export abstract class Permits extends Closable {
  /** @internal How many places there are. */ _tokens: number
  /** @internal How many are held: when there are fewer than before, it may be more than there are. */ _held = 0
  readonly #backlog: number
  readonly #line = new Waiters<Permit>()
  /** Places are being given out, by a loop further out. */
  #serving = false
  readonly #giveBack = (): void => {
    this._held--
    this._serve()
  }

  constructor(tokens: number, { backlog = Infinity }: Backlog) {
    super()
    this._tokens = checkCapacity(tokens, 'A number of tokens')
    this.#backlog = checkCapacity(backlog, 'A backlog')
  }

  /** How many wait for a place. */
  get waiting(): number {
    return this.#line.size
  }

  /**
   * Waits for a place, behind all who wait already. Whoever cancels the deferred waits no longer; once it has fired,
   * cancelling it does not give the place back.
   *
   * @returns fires with a {@link Permit}, to be released, at once if there is a place; fails with ClosedError ERR_CLOSED if
   *   this is closed before there is one
   * @throws QueueUnderflow ERR_QUEUE_UNDERFLOW if there is no place, and the backlog is full
   */
  acquire(): Deferred<Permit> {
    if (this._closing !== undefined) return fired<Permit>(this._closing)
    if (this._held < this._tokens && this.#line.size === 0) return fired(this.#take())
    if (this.#line.size >= this.#backlog) throw new QueueUnderflow(this.#backlog)
    return this.#line.add()
  }

  /**
   * Waits for a place, calls `fn`, and releases the place when its work has ended: when `fn` has thrown or returned, and
   * the deferred or promise that it returned has its result. At once if there is a place.
   *
   * Cancelling the deferred takes it out of the line, or cancels the deferred that `fn` returned. A promise can't be
   * cancelled: the deferred fails at once, but the place is free when the promise has settled. (With
   * `abortable((signal) => promise)` it is stopped.)
   *
   * @returns fires with what `fn` returns, or what that becomes; fails with what it throws, or as {@link acquire}'s
   * @throws QueueUnderflow ERR_QUEUE_UNDERFLOW if there is no place, and the backlog is full
   * @throws TypeError ERR_NOT_A_FUNCTION if `fn` is not a function
   */
  run<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): Deferred<Settled<R>> {
    if (typeof fn !== 'function') throw usageError(TypeError, 'ERR_NOT_A_FUNCTION', 'run needs a function to call')
    // Fired by hand, it has no permit, and calls nothing.
    const start = (permit: unknown): unknown => (permit instanceof Permit ? hold(permit, () => fn(...args)) : permit)
    return this.acquire().addCallback(start) as Deferred<Settled<R>>
  }

  /** @internal Gives free places to those who wait. */
  _serve(): void {
    // Whoever is served may release at once, and so on: a loop instead of a recursion, which would be as deep as the line.
    if (this.#serving) return
    this.#serving = true
    try {
      while (this._held < this._tokens) {
        const waiter = this.#line.shift()
        if (waiter === undefined) break
        fire(waiter, this.#take())
      }
    } finally {
      this.#serving = false
    }
  }

  /** @internal */
  override _dismiss(failure: Failure): void {
    this.#line.wake(failure)
  }

  #take(): Permit {
    this._held++
    return new Permit(this.#giveBack)
  }
}

/** Calls `fn`, and releases the permit when its work has ended. */
function hold(permit: Permit, fn: () => unknown): unknown {
  let result: unknown
  let then: PromiseLike<unknown>['then'] | undefined
  try {
    result = fn()
    then = result instanceof Deferred ? undefined : thenOf(result)
  } catch (error) {
    permit.release()
    throw error
  }
  if (result instanceof Deferred) {
    const release = (outcome: unknown): unknown => {
      permit.release()
      return outcome
    }
    append(result, release, release)
    return result
  }
  if (then === undefined) {
    permit.release()
    return result
  }
  // Cancelling fails this one at once, while the promise's work goes on.
  const call = new Deferred<unknown>()
  adopt(result, then, (outcome) => {
    permit.release()
    fireOnce(call, outcome)
  })
  return call
}
