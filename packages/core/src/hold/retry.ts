import type { Clock } from '../clock.ts'
import { usageError } from '../errors.ts'
import type { Deferred } from '../deferred/deferred.ts'
import type { Failure } from '../deferred/failure.ts'
import type { Awaitable, Settled } from '../deferred/types.ts'
import type { Attempt } from './attempt.ts'
import { checkFunction } from './check-function.ts'
import { begin, checkOptions } from './retrying.ts'

/** For {@link retry} and {@link RetryingCall.start}; times in milliseconds. */
export interface RetryOptions {
  /** The wait before each attempt, the first one too; as many attempts as delays. Default {@link backoff}`()`. */
  readonly backoff?: Iterable<number> | undefined
  /** Told of every failure. Throws, or returns a Failure, to stop at once and fail with that. May keep count. */
  readonly failureTester?: ((failure: Failure) => Failure | void) | undefined
  /**
   * The wait that a failure itself asks for, such as a Retry-After, instead of the one `planned`; `undefined`: as planned. The
   * attempt takes its place among the backoff's all the same.
   */
  readonly delayAfter?: ((failure: Failure, planned: number) => number | undefined) | undefined
  /** How long each attempt may take; it then fails with TimeoutError, and is cancelled. Default: any time. */
  readonly timeout?: number | undefined
  /** Cancels the whole when it is aborted, with its reason. */
  readonly signal?: AbortSignal | undefined
  readonly clock?: Clock | undefined
}

const DEFAULTS: RetryOptions = {}

/**
 * Calls `fn` until it succeeds, waiting between the attempts. A delay of 0 is no wait: by default the first attempt is made
 * before this returns.
 *
 * Cancelling the deferred, or aborting `signal`, stops the attempt underway or the wait at once, and keeps the reason. An
 * attempt is stopped by aborting its `signal`, and by cancelling the deferred that `fn` returned. No timer is left behind.
 *
 * @param fn gets the number of the attempt, and a signal for it
 * @returns fires with the first success. Fails, the delays being used up, with the *first* failure; with what the
 *   `failureTester` threw or returned; with RangeError ERR_NO_ATTEMPTS if there are no delays, ERR_INVALID_TIME if one is no time
 * @throws RangeError ERR_INVALID_TIME if `timeout` is negative or not a number
 * @throws TypeError ERR_NOT_A_FUNCTION if `fn` is none, ERR_INVALID_SIGNAL if `signal` is no AbortSignal
 *
 * @example
 * const clock = new ManualClock()
 * const answer = retry(({ attempt }) => (attempt < 3 ? fail<string>('busy') : `attempt ${attempt}`), { clock })
 * clock.advance(10 + 20)
 * const text = await answer // text is 'attempt 3'
 */
export function retry<R>(fn: (attempt: Attempt) => R, options: RetryOptions = DEFAULTS): Deferred<Settled<R>> {
  checkFunction(fn, 'retry')
  checkOptions(options)
  return begin(fn, options, [])
}

/**
 * A call that is made again until it succeeds, as a thing to hold: it keeps all its failures.
 *
 * @example
 * const call = new RetryingCall((name: string) => fail(`${name} is busy`), 'Ada')
 * call.start({ backoff: [0, 0] }).addErrback((failure) => failure.value)
 * const count = call.failures.length // count is 2
 */
export class RetryingCall<A extends unknown[], R> {
  readonly #fn: (...args: A) => Awaitable<R>
  readonly #args: A
  readonly #failures: Failure[] = []
  #started = false

  /**
   * @param fn called with `args` at each attempt
   * @throws TypeError ERR_NOT_A_FUNCTION if it is none
   */
  constructor(fn: (...args: A) => Awaitable<R>, ...args: A) {
    checkFunction(fn, 'RetryingCall')
    this.#fn = fn
    this.#args = args
  }

  /** Those of the attempts so far, in order. */
  get failures(): readonly Failure[] {
    return this.#failures
  }

  /**
   * Begins with the first attempt. Everything is as {@link retry} says.
   *
   * @throws TypeError ERR_ALREADY_STARTED the second time
   * @throws RangeError ERR_INVALID_TIME if `timeout` is negative or not a number
   * @throws TypeError ERR_INVALID_SIGNAL if `signal` is no AbortSignal
   */
  start(options: RetryOptions = {}): Deferred<R> {
    if (this.#started) {
      throw usageError(TypeError, 'ERR_ALREADY_STARTED', 'This call has been started already; make a new RetryingCall')
    }
    checkOptions(options)
    this.#started = true
    return begin(() => this.#fn(...this.#args), options, this.#failures)
  }
}
