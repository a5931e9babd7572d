import { AlreadyCalledError, ChainedError, usageError } from '../errors.ts'
import { add, adoptInto, append, cancel, Chain, fire, run } from './chain.ts'
import { explain } from './explain.ts'
import { Failure, toFailure } from './failure.ts'
import * as flags from './flags.ts'
import { addTimeout, cancelOn, type TimeoutOptions } from './limits.ts'
import * as pairs from './pairs.ts'
import { Rare } from './rare.ts'
import { thenOf } from './thenable.ts'
import type { Awaitable, Peek, Settled } from './types.ts'

// Copies, because V8 folds a module's own constants into the code and reads imported ones from memory each time.
const { CANCELLED, CHAINED, COROUTINE, FIRED, HANDLED, IGNORE_NEXT, PAUSED, WAITING } = flags
const { CHAIN, ON_BOTH, ON_FAILURE, ON_VALUE } = pairs

/**
 * Called when the deferred is cancelled before it has fired: it stops the work, and may fire the deferred itself.
 * `reason` is what `cancel` was given.
 */
export type Canceller<T> = (deferred: Deferred<T>, reason?: unknown) => void

/**
 * A result that is not there yet, as a thing to hold: pass it on, chain callbacks to it, cancel it.
 *
 * Callbacks come in pairs, one for a value and one for a failure. When the deferred fires they run at once, in order,
 * each given what the one before returned: a callback that throws or returns a {@link Failure} makes the *next* pair
 * run on its failure side, an errback that returns a plain value goes back to the value side. A callback that returns
 * a deferred (or any thenable) holds the chain until that has its result, which then belongs to this chain.
 *
 * @example
 * const deferred = new Deferred<number>()
 * const seen: string[] = []
 * deferred
 *   .addCallback((n) => n * 2)
 *   .addCallback((n) => seen.push(`got ${n}`))
 * deferred.callback(21) // seen is ['got 42']
 */
export class Deferred<T = void> extends Chain implements PromiseLike<T>, Disposable {
  /** @param canceller stops the work when the deferred is cancelled; without one, cancelling only fails the deferred */
  constructor(canceller?: Canceller<T>) {
    super(canceller)
  }

  /**
   * A deferred of `value`: a deferred is given back as it is, a thenable is adopted, anything else has fired already.
   * Cancelling an adopted thenable's deferred stops the waiting, not the thenable. Never throws: a thenable that does so
   * gives a failed deferred.
   *
   * @example
   * Deferred.from(Promise.resolve(5)) // fires with 5
   */
  static from<T>(value: Awaitable<T>): Deferred<T> {
    if (value instanceof Deferred) return value
    const deferred = new Deferred<T>()
    try {
      const then = thenOf(value)
      if (then === undefined) fire(deferred, value)
      else adoptInto(deferred, value, then)
    } catch (error) {
      fire(deferred, toFailure(error))
    }
    return deferred
  }

  /** Whether it has fired or been cancelled; its chain may still be waiting for an inner deferred. */
  get called(): boolean {
    return (this._flags & (FIRED | COROUTINE)) === FIRED
  }

  /**
   * How it stands now, without taking part in the chain: looking at a failure does not handle it. A chain that waits for an
   * inner deferred is pending.
   *
   * @example
   * const now = succeed(5).peek() // now is { status: 'fulfilled', value: 5 }
   */
  peek(): Peek<T> {
    if ((this._flags & (FIRED | WAITING | COROUTINE)) !== FIRED) return { status: 'pending' }
    return this._result instanceof Failure
      ? { status: 'rejected', failure: this._result }
      : { status: 'fulfilled', value: this._result as T }
  }

  /**
   * Fires it: its callbacks run now, before this returns. A {@link Failure} as the value starts on the failure side.
   *
   * @throws AlreadyCalledError ERR_ALREADY_CALLED the second time
   * @throws ChainedError ERR_CHAINED if another deferred fires this one
   * @throws TypeError ERR_FIRED_WITH_DEFERRED if the value is a deferred: return one from a callback instead
   */
  callback(value: T): void {
    if (typeof value === 'object' && value instanceof Deferred) {
      throw usageError(
        TypeError,
        'ERR_FIRED_WITH_DEFERRED',
        'A deferred cannot be fired with a deferred; chain them, or return the inner one from a callback',
      )
    }
    if ((this._flags & (FIRED | CHAINED)) === 0 || mayFire(this)) fire(this, value)
  }

  /**
   * Fires it with a failure: `reason` is an error, any value, or a {@link Failure} already.
   *
   * @throws AlreadyCalledError ERR_ALREADY_CALLED the second time
   * @throws ChainedError ERR_CHAINED if another deferred fires this one
   */
  errback(reason: unknown): void {
    if ((this._flags & (FIRED | CHAINED)) === 0 || mayFire(this)) fire(this, toFailure(reason))
  }

  /**
   * Says that nobody wants the result any more. Before firing: runs the canceller, once, and then fails the deferred with
   * {@link CancelledError} if the canceller did not fire it. Fired and waiting for an inner deferred: cancels that one.
   * Fired with a plain result, or cancelled already: does nothing. O(depth of what it waits for), with no recursion.
   *
   * @param reason travels inwards; becomes the error's `cause` and the signal's reason
   *
   * @example
   * const stopped: unknown[] = []
   * const work = new Deferred<string>((_, reason) => stopped.push(reason))
   * const whole = succeed().addCallback(() => work)
   * whole.addErrback((failure) => failure.trap(CancelledError))
   * whole.cancel('too late') // stopped is ['too late']
   */
  cancel(reason?: unknown): void {
    cancel(this, reason)
  }

  /**
   * Adds a callback: it gets the value, and what it returns goes on. A failure passes it by.
   *
   * @returns this same deferred, with its new type
   */
  addCallback<R>(onValue: (value: T) => R): Deferred<Settled<R>> {
    add(this, onValue, ON_VALUE)
    return this as unknown as Deferred<Settled<R>>
  }

  /**
   * Adds an errback: it gets the {@link Failure}, and what it returns goes on. A value passes it by.
   *
   * @returns this same deferred, with its new type
   *
   * @example
   * fail(new Error('no such page')).addErrback((failure) => String(failure.value)) // fires with 'Error: no such page'
   */
  addErrback<R>(onFailure: (failure: Failure) => R): Deferred<T | Settled<R>> {
    add(this, onFailure, ON_FAILURE)
    return this as unknown as Deferred<T | Settled<R>>
  }

  /**
   * Adds one pair: `onFailure` sees what failed before it, not what `onValue` throws.
   *
   * @returns this same deferred, with its new type
   */
  addCallbacks<R, S>(
    onValue: (value: T) => R,
    onFailure: (failure: Failure) => S,
  ): Deferred<Settled<R> | Settled<S>> {
    append(this, onValue, onFailure)
    return this as unknown as Deferred<Settled<R> | Settled<S>>
  }

  /**
   * Adds one function for both sides: it gets the value or the {@link Failure}, and what it returns goes on. To pass either
   * on, return it.
   *
   * @returns this same deferred, with its new type
   */
  addBoth<R>(onResult: (result: T | Failure) => R): Deferred<Settled<R>> {
    add(this, onResult, ON_BOTH)
    return this as unknown as Deferred<Settled<R>>
  }

  /**
   * From here on this deferred fires `other` with the result it has at this point, and goes on with that result itself.
   * When this one is cancelled, so is `other`, its canceller included. `other` may have been cancelled already, and may
   * be cancelled on its own. A deferred can be chained to several others.
   *
   * @returns this same deferred
   * @throws ChainedError ERR_CHAINED if `other` is chained to a deferred already, or is this deferred
   * @throws AlreadyCalledError ERR_ALREADY_CALLED if `other` has fired, and not by cancelling
   * @throws TypeError ERR_NOT_A_DEFERRED if `other` is something else, such as a promise
   *
   * @example
   * const first = new Deferred<number>()
   * const second = new Deferred<number>()
   * first.chainDeferred(second)
   * first.callback(5)
   * const both = [await first, await second] // both is [5, 5]
   */
  chainDeferred(other: Deferred<T>): this {
    if (!(other instanceof Deferred)) {
      throw usageError(TypeError, 'ERR_NOT_A_DEFERRED', 'chainDeferred takes the Deferred that it is to fire: make one with new Deferred()')
    }
    if ((other as unknown) === this) throw new ChainedError('A deferred cannot be chained to itself')
    if (other._flags & CHAINED) throw new ChainedError('That deferred is chained already; make a new one')
    if ((other._flags & (FIRED | CANCELLED)) === FIRED) throw new AlreadyCalledError()
    if ((other._flags & FIRED) === 0) other._flags |= CHAINED
    add(this, other, CHAIN)
    return this
  }

  /**
   * Cancels this deferred if it has no result at this point of its chain within `ms` milliseconds; it then fails with
   * {@link TimeoutError}, unless its canceller fired it. `onTimeout` gets the cancellation's failure instead, and what it
   * returns goes on. The timer is taken down as soon as the chain has come this far, or been cancelled; with `Infinity`, or
   * on a deferred that has its result, there is none.
   *
   * @returns this same deferred
   * @throws RangeError ERR_INVALID_TIME if `ms` is negative or not a number
   *
   * @example
   * const clock = new ManualClock()
   * const page = new Deferred<string>().addTimeout(5_000, { clock }).addErrback((failure) => failure.check(TimeoutError))
   * clock.advance(5_000)
   * const why = await page // why is TimeoutError
   */
  addTimeout(ms: number, options?: TimeoutOptions): this {
    addTimeout(this, ms, options)
    return this
  }

  /**
   * Cancels this deferred with the signal's reason when `signal` is aborted before the chain has come this far; leaves no
   * listener on the signal behind.
   *
   * @returns this same deferred
   * @throws TypeError ERR_INVALID_SIGNAL if it is no AbortSignal
   *
   * @example
   * const controller = new AbortController()
   * const call = new Deferred<string>().cancelOn(controller.signal).addErrback((failure) => (failure.value as Error).cause)
   * controller.abort('shutting down')
   * const cause = await call // cause is 'shutting down'
   */
  cancelOn(signal: AbortSignal): this {
    cancelOn(this, signal)
    return this
  }

  /** Aborted when this deferred is cancelled: give it to `fetch` and the like. Made on first use. */
  get signal(): AbortSignal {
    const { controller, reason } = rare(this)
    if (controller !== undefined) return controller.signal
    const made = (rare(this).controller = new AbortController())
    if (this._flags & CANCELLED) made.abort(reason)
    return made.signal
  }

  /**
   * Stops running callbacks, until as many {@link unpause}s follow as there were pauses. It may be fired meanwhile.
   *
   * @example
   * const seen: string[] = []
   * const deferred = succeed('now')
   * deferred.pause()
   * deferred.addCallback((word) => seen.push(word)) // seen is []
   * deferred.unpause() // seen is ['now']
   */
  pause(): void {
    this._flags += PAUSED
  }

  /**
   * Takes back one {@link pause}, and runs what was held up when none is left.
   *
   * @throws RangeError ERR_NOT_PAUSED if it is not paused
   */
  unpause(): void {
    const waits = (this._flags & WAITING) !== 0
    if (this._flags < (waits ? 2 * PAUSED : PAUSED)) {
      throw usageError(RangeError, 'ERR_NOT_PAUSED', 'This deferred is not paused: call unpause once for each pause')
    }
    this._flags -= PAUSED
    if (this._flags & FIRED) run(this)
  }

  /**
   * Tells those who added an {@link addProgress} listener, in the order they came. Ignored after firing. What a listener
   * throws is reported as an unhandled failure; it stops neither the others nor the caller.
   *
   * @example
   * const shown: unknown[] = []
   * const upload = new Deferred<string>().addProgress((percent) => shown.push(percent))
   * upload.notify(50) // shown is [50]
   */
  notify(progress: unknown): void {
    const listeners = this._rare?.listeners
    if (listeners === undefined || this.called) return
    // A listener that throws is no business of the producer: its failure is reported as an unhandled one.
    for (const listener of listeners.slice()) maybeDeferred(listener, progress)
  }

  /** Adds a listener for {@link notify}; all are let go of when the deferred fires. */
  addProgress(listener: (progress: unknown) => void): this {
    if (!this.called) (rare(this).listeners ??= []).push(listener)
    return this
  }

  /**
   * As `Promise.prototype.then`, so that `await deferred` works: sees the result as it stands at this point, and leaves
   * the chain as it is. Counts as handling a failure.
   */
  then<R1 = T, R2 = never>(
    onFulfilled?: ((value: T) => R1 | PromiseLike<R1>) | null,
    onRejected?: ((reason: unknown) => R2 | PromiseLike<R2>) | null,
  ): Promise<R1 | R2> {
    return new Promise<T>((resolve, reject) => {
      append(
        this,
        (value: T) => {
          resolve(value)
          return value
        },
        (failure: Failure) => {
          reject(failure.value)
          this._flags |= HANDLED
          return failure
        },
      )
    }).then(onFulfilled, onRejected)
  }

  /** As `Promise.prototype.catch`: `onRejected` gets what is in the failure. Counts as handling it. */
  catch<R = never>(onRejected?: ((reason: unknown) => R | PromiseLike<R>) | null): Promise<T | R> {
    return this.then(undefined, onRejected)
  }

  /** As `Promise.prototype.finally`. Who waits for the promise that it gives hears of a failure. */
  finally(onSettled?: (() => void) | null): Promise<T> {
    return this.then().finally(onSettled)
  }

  /** Cancels it if it is still pending: `using page = getPage(url)`. */
  [Symbol.dispose](): void {
    this.cancel()
  }

  /** For `yield* deferred` inside {@link inlineCallbacks}: gives the value, or throws what the deferred failed with. */
  *[Symbol.iterator](): Generator<Deferred<T>, T, unknown> {
    return (yield this) as T
  }

  /**
   * Draws the ladder of callbacks and errbacks that are still to run, by name, and below it what the deferred waits for,
   * and so on inwards. In debug mode (see {@link setDebug}) also those that have run, with a dot on the side that the
   * result took, and where all was made, fired, cancelled and added.
   *
   * @example
   * const page = new Deferred<string>()
   * page.addCallback(JSON.parse).addErrback(console.error)
   * console.log(page.explain())
   * // Deferred, pending
   * //   ┌─ callback ┬─ errback ┐
   * //   │ parse     │ –        │
   * //   │ –         │ error    │
   * //   └───────────┴──────────┘
   */
  explain(): string {
    return explain(this, isDeferred)
  }

  get [Symbol.toStringTag](): string {
    return 'Deferred'
  }
}

function isDeferred(chain: Chain): boolean {
  return chain instanceof Deferred
}

function rare(chain: Chain): Rare {
  return (chain._rare ??= new Rare())
}

/** Whether a producer's firing goes ahead; if not, it is ignored (once, after a cancellation) or an error. */
function mayFire(chain: Chain): boolean {
  if ((chain._flags & FIRED) === 0) throw new ChainedError()
  if ((chain._flags & IGNORE_NEXT) === 0) throw new AlreadyCalledError()
  chain._flags &= ~IGNORE_NEXT
  return false
}

/**
 * A deferred that has fired with `value`.
 *
 * @throws TypeError ERR_FIRED_WITH_DEFERRED if that is a deferred: `Deferred.from` takes either
 */
export function succeed<T>(value: T): Deferred<T>
export function succeed(): Deferred
export function succeed<T>(value?: T): Deferred<T | undefined> {
  const deferred = new Deferred<T | undefined>()
  deferred.callback(value)
  return deferred
}

/**
 * A deferred that has failed with `reason`: an error, any value, or a {@link Failure}.
 *
 * @example
 * fail(new Error('gone')).addErrback((failure) => (failure.value as Error).message) // fires with 'gone'
 */
export function fail<T = never>(reason: unknown): Deferred<T> {
  const deferred = new Deferred<T>()
  deferred.errback(reason)
  return deferred
}

/**
 * Calls `fn`, and gives a deferred of whatever comes of it: never throws, because what `fn` throws becomes a failure.
 *
 * @example
 * maybeDeferred(JSON.parse, '{').addErrback((failure) => failure.check(SyntaxError)) // fired with SyntaxError
 */
export function maybeDeferred<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): Deferred<Settled<R>> {
  try {
    return Deferred.from(fn(...args)) as Deferred<Settled<R>>
  } catch (error) {
    return fail(error)
  }
}
