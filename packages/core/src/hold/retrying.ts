import { type Clock, systemClock } from '../clock.ts'
import { TimeoutError, usageError } from '../errors.ts'
import { fire } from '../deferred/chain.ts'
import { Deferred, maybeDeferred, succeed } from '../deferred/deferred.ts'
import { cancelledBecause, Failure, toFailure } from '../deferred/failure.ts'
import { checkTime } from '../deferred/limits.ts'
import { isThenable } from '../deferred/thenable.ts'
import { AttemptContext } from './attempt.ts'
import { backoff } from './backoff.ts'
import { observe } from './observe.ts'
import type { RetryOptions } from './retry.ts'

const DEFAULT = /* @__PURE__ */ backoff()
/** There is no result yet. */
const PENDING = Symbol('pending')

type Call = (context: AttemptContext) => unknown

/** @throws RangeError ERR_INVALID_TIME unless the time-out is one */
export function checkOptions({ timeout }: RetryOptions): void {
  if (timeout !== undefined) checkTime(timeout, 'A time-out')
}

/** Begins to call, and gives a deferred of what comes of it; failures are added to `failures`. */
export function begin<R>(call: Call, options: RetryOptions, failures: Failure[]): Deferred<R> {
  if (options.backoff !== undefined || options.signal !== undefined) return new Retrying<R>(call, options, failures).start()
  // The first attempt is due now, and nothing can stop it: if it succeeds at once, as most do, no more is needed.
  const context = new AttemptContext(1)
  const returned = tried(call, context)
  if (typeof returned !== 'object' && typeof returned !== 'function') return succeed(returned as R)
  return new Retrying<R>(call, options, failures).goOn(context, returned)
}

/** What an attempt returns; what it throws is as good as a Failure that it returns. */
function tried(call: Call, context: AttemptContext): unknown {
  try {
    return call(context)
  } catch (error) {
    return toFailure(error)
  }
}

/** The course of a retried call: attempt, wait, attempt, … All is taken down when it is over, for whatever reason. */
class Retrying<R> {
  readonly #deferred: Deferred<R>
  readonly #call: Call
  readonly #options: RetryOptions
  readonly #failures: Failure[]
  readonly #clock: Clock
  #delays: Iterator<number> | undefined
  #attempts = 0
  #context: AttemptContext | undefined
  /** The attempt underway, if it did not end at once. */
  #work: Deferred<unknown> | undefined
  /** Of the wait, or of the attempt's time-out. */
  #timer: unknown
  #late: TimeoutError | undefined
  #over = false
  #reason: unknown

  constructor(call: Call, options: RetryOptions, failures: Failure[]) {
    this.#call = call
    this.#options = options
    this.#failures = failures
    this.#clock = options.clock ?? systemClock
    this.#deferred = new Deferred<R>((_, reason) => this.#stop(reason))
  }

  start(): Deferred<R> {
    const { signal } = this.#options
    // Aborted already: that cancels the deferred now, before the first attempt.
    if (signal !== undefined) this.#deferred.cancelOn(signal)
    if (!this.#over && this.#next()) this.#run()
    return this.#deferred
  }

  /** After the first attempt, which returned something that wants looking at. */
  goOn(context: AttemptContext, returned: unknown): Deferred<R> {
    this.#attempts = 1
    this.#context = context
    if (this.#look(returned) && this.#next()) this.#run()
    return this.#deferred
  }

  /** As long as each attempt fails at once and the next is due at once. */
  #run(): void {
    let context: AttemptContext
    do this.#context = context = new AttemptContext(++this.#attempts)
    while (this.#look(tried(this.#call, context)) && this.#next())
  }

  /** Looks at what an attempt returned. Whether it failed at once, and is not the last. */
  #look(returned: unknown): boolean {
    const result = typeof returned === 'object' || typeof returned === 'function' ? this.#follow(returned) : returned
    return result !== PENDING && !this.#over && this.#goesOn(result)
  }

  /** The result of what an attempt returned, if it has one already. */
  #follow(returned: unknown): unknown {
    try {
      if (!isThenable(returned)) return returned
    } catch (error) {
      return toFailure(error)
    }
    const work: Deferred<unknown> = Deferred.from(returned)
    let outcome: unknown = PENDING
    let inside = true
    this.#work = work
    observe(work, (result) => {
      if (this.#work !== work) return
      this.#work = undefined
      if (inside) outcome = result
      else this.#settled(result)
    })
    inside = false
    if (outcome !== PENDING) return outcome
    const { timeout = Infinity } = this.#options
    // It was cancelled while the attempt was being started.
    if (this.#over) work.cancel(this.#reason)
    else if (timeout !== Infinity) this.#timer = this.#clock.setTimeout(() => this.#timeIsOver(work, timeout), timeout)
    return PENDING
  }

  #timeIsOver(work: Deferred<unknown>, timeout: number): void {
    const late = new TimeoutError(timeout)
    this.#timer = undefined
    this.#late = late
    this.#context?.abort(late)
    work.cancel(late)
    if (this.#work !== work) return
    // It goes on in spite of that, without us.
    this.#work = undefined
    this.#settled(new Failure(late))
  }

  /** The attempt underway has ended. */
  #settled(result: unknown): void {
    this.#clearTimer()
    const late = this.#late
    this.#late = undefined
    if (this.#over) {
      // Cancelled; a canceller may have come up with a value all the same.
      if (!(result instanceof Failure) && !this.#deferred.called) fire(this.#deferred, result)
      return
    }
    const outcome = late !== undefined && result instanceof Failure && cancelledBecause(result) ? new Failure(late) : result
    if (this.#goesOn(outcome) && this.#next()) this.#run()
  }

  /** Looks at an attempt's result. Whether there may be another attempt. */
  #goesOn(result: unknown): boolean {
    if (!(result instanceof Failure)) {
      this.#finish(result)
      return false
    }
    this.#failures.push(result)
    let verdict: unknown
    try {
      verdict = this.#options.failureTester?.(result)
    } catch (error) {
      verdict = toFailure(error)
    }
    if (verdict instanceof Failure) this.#finish(verdict)
    return !this.#over
  }

  /** Whether the next attempt is due at once; else it is waited for, or there is none. */
  #next(): boolean {
    let delay: number
    try {
      const planned = this.#plannedDelay()
      if (this.#over) return false
      if (planned === undefined) {
        const none = 'There is no attempt to make: the backoff has no delays; [0] is one attempt'
        this.#finish(this.#failures[0] ?? new Failure(usageError(RangeError, 'ERR_NO_ATTEMPTS', none)))
        return false
      }
      const last = this.#failures.at(-1)
      delay = (last === undefined ? undefined : this.#options.delayAfter?.(last, planned)) ?? planned
      checkTime(delay, 'A delay between attempts')
    } catch (error) {
      this.#finish(toFailure(error))
      return false
    }
    if (this.#over || delay === 0) return !this.#over
    this.#timer = this.#clock.setTimeout(() => {
      this.#timer = undefined
      this.#run()
    }, delay)
    return false
  }

  #plannedDelay(): number | undefined {
    const { backoff } = this.#options
    if (this.#delays === undefined) {
      // The usual backoff starts with no delay, and most calls need no more than that.
      if (backoff === undefined && this.#attempts === 0) return 0
      this.#delays = (backoff ?? DEFAULT)[Symbol.iterator]()
      if (backoff === undefined) this.#delays.next()
    }
    const step = this.#delays.next()
    if (step.done !== true) return step.value
    this.#delays = undefined
    return undefined
  }

  #stop(reason: unknown): void {
    this.#end()
    this.#reason = reason
    this.#context?.abort(reason)
    this.#work?.cancel(reason)
  }

  #finish(result: unknown): void {
    if (this.#over) return
    this.#end()
    if (!this.#deferred.called) fire(this.#deferred, result)
  }

  #end(): void {
    this.#over = true
    this.#clearTimer()
    const delays = this.#delays
    this.#delays = undefined
    // What it throws is no result of the call; it is reported as an unhandled failure.
    if (delays?.return !== undefined) maybeDeferred(() => delays.return?.())
  }

  #clearTimer(): void {
    if (this.#timer === undefined) return
    this.#clock.clearTimeout(this.#timer)
    this.#timer = undefined
  }
}
