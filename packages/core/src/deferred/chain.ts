import { CancelledError, usageError } from '../errors.ts'
import { Failure } from './failure.ts'
import {
  CANCELLED,
  CANCELLING,
  CHAINED,
  FIRED,
  HANDLED,
  HAS_FIRST,
  IGNORE_NEXT,
  PAUSED,
  RUNNING,
  SUSPECTED,
  WAITING,
  WATCHED,
} from './flags.ts'
import type { Rare } from './rare.ts'
import { adoptInto, isThenable } from './thenable.ts'
import { suspect, unwatch } from './unhandled.ts'

/** What runs on one side of a pair. */
type Handler = (result: unknown) => unknown

/** A pair after the first. The two places hold what {@link append} was given. */
interface Step {
  readonly onValue: unknown
  readonly onFailure: unknown
  next: Step | null
}

/** In a pair's second place: the chain in the first place has waited for this one's result, and takes it. */
const GIVE = Symbol('give')
/** In a pair's second place: the chain in the first place is fired with this one's result, which stays here too. */
export const CHAIN = Symbol('chain')

/**
 * The engine inside a deferred: its state, and the pairs still to run. Memory counts here (programs hold millions), so
 * the first pair has no node of its own, and the canceller's place is the inner chain's once it is of no use.
 */
export class Chain {
  /** @internal */ _flags: number
  /** @internal The value or Failure that the next pair gets. */ _result: unknown
  /** @internal */ _onValue: unknown
  /** @internal */ _onFailure: unknown
  /** @internal */ _head: Step | null
  /** @internal */ _tail: Step | null
  /** @internal Before firing the canceller, after it the chain that is waited for. */ _other: unknown
  /** @internal */ _rare: Rare | null

  constructor(canceller: unknown) {
    this._flags = 0
    this._result = undefined
    this._onValue = undefined
    this._onFailure = undefined
    this._head = null
    this._tail = null
    this._other = canceller === undefined ? null : canceller
    this._rare = null
  }
}

/** Adds a pair, and runs it if the chain has come that far. */
export function append(chain: Chain, onValue: unknown, onFailure: unknown): void {
  if ((chain._flags & HAS_FIRST) === 0 && chain._head === null) {
    chain._onValue = onValue
    chain._onFailure = onFailure
    chain._flags |= HAS_FIRST
  } else {
    const step: Step = { onValue, onFailure, next: null }
    if (chain._tail === null) chain._head = step
    else chain._tail.next = step
    chain._tail = step
  }
  if (chain._flags & FIRED) run(chain)
}

/** Gives a chain its result. The caller has made sure that it has none. */
export function fire(chain: Chain, result: unknown): void {
  chain._flags |= FIRED
  chain._result = result
  chain._other = null
  if (chain._rare !== null) chain._rare.listeners = undefined
  run(chain)
}

/**
 * Runs what can be run of a chain, and of the chains that its result is given to: those are kept on a stack of our own,
 * because programs nest deferreds deeper than the engine nests calls.
 */
export function run(first: Chain): void {
  let current = first
  let below: Chain[] | undefined
  for (;;) {
    let result = current._result
    while (current._flags < PAUSED && (current._flags & RUNNING) === 0) {
      let onValue: unknown
      let onFailure: unknown
      if (current._flags & HAS_FIRST) {
        onValue = current._onValue
        onFailure = current._onFailure
        current._onValue = current._onFailure = undefined
        current._flags &= ~HAS_FIRST
      } else if (current._head !== null) {
        const step = current._head
        onValue = step.onValue
        onFailure = step.onFailure
        if ((current._head = step.next) === null) current._tail = null
      } else break

      if (typeof onFailure === 'symbol') {
        const next = onValue as Chain
        if (onFailure === GIVE) {
          take(current)
          next._other = null
          next._flags = (next._flags & ~WAITING) - PAUSED
          next._result = result
        } else {
          if (!passOn(current, next)) continue
        }
        ;(below ??= []).push(current)
        current = next
        result = next._result
        continue
      }

      const failed = typeof result === 'object' && result instanceof Failure
      const handler = (failed ? onFailure : onValue) as Handler | undefined
      if (handler === undefined) continue
      if (failed && current._flags & WATCHED) unwatch(current)
      current._flags |= RUNNING
      let next: unknown
      try {
        next = handler(result)
      } catch (error) {
        next = error instanceof Failure ? error : new Failure(error)
      }
      current._flags &= ~RUNNING
      if (next === result) continue
      current._flags &= ~HANDLED
      current._result = result = isThenable(next) ? follow(current, next) : next
    }
    if (
      typeof result === 'object' &&
      result instanceof Failure &&
      (current._flags & (HANDLED | WATCHED | SUSPECTED | RUNNING)) === 0
    ) {
      suspect(current)
    }
    if (below === undefined) return
    const next = below.pop()
    if (next === undefined) return
    current = next
  }
}

/** The result that `current` goes on with after its callback returned a thenable; paused if there is none yet. */
function follow(current: Chain, thenable: PromiseLike<unknown> | Chain): unknown {
  if (thenable === current) {
    return new Failure(
      usageError(TypeError, 'ERR_RETURNED_ITSELF', 'A deferred was returned by its own callback, and would wait for itself'),
    )
  }
  let inner: Chain
  if (thenable instanceof Chain) {
    inner = thenable
    if (inner._flags & FIRED && inner._flags < PAUSED) {
      const result = inner._result
      take(inner)
      return result
    }
  } else {
    inner = new Chain(undefined)
    adoptInto(inner, thenable as PromiseLike<unknown>)
  }
  current._flags = (current._flags | WAITING) + PAUSED
  current._other = inner
  append(inner, current, GIVE)
  return undefined
}

/** Another chain has this one's result now, and answers for it. */
function take(chain: Chain): void {
  if (chain._flags & WATCHED) unwatch(chain)
  chain._flags &= ~HANDLED
  chain._result = undefined
}

/** Gives `next` the result of `current`, which keeps it. Whether `next` is to be run now. */
function passOn(current: Chain, next: Chain): boolean {
  let result = current._result
  if (result instanceof Failure) {
    if (current._flags & WATCHED) unwatch(current)
    current._flags |= HANDLED
    // Cancelled: the next one's canceller has work to stop too.
    if (result.value instanceof CancelledError && (next._flags & FIRED) === 0) {
      result = stopWork(next, result.value.cause, result)
    }
  }
  if (next._flags & FIRED) return false
  next._flags = (next._flags | FIRED) & ~CHAINED
  next._result = result
  next._other = null
  return true
}

/** As `Deferred.prototype.cancel` says. */
export function cancel(chain: Chain, reason: unknown): void {
  let innermost = chain
  while ((innermost._flags & (FIRED | WAITING)) !== FIRED) {
    innermost._flags |= CANCELLED
    innermost._rare?.abort(reason)
    if ((innermost._flags & WAITING) === 0) {
      if (innermost._flags & CANCELLING) return
      const failure = stopWork(innermost, reason, undefined)
      if ((innermost._flags & FIRED) === 0) fire(innermost, failure)
      return
    }
    innermost = innermost._other as Chain
  }
}

/**
 * Runs the canceller of a chain that has not fired, at most once.
 *
 * @returns what the chain is to fail with if its canceller did not fire it: `failure`, or else a CancelledError
 */
function stopWork(chain: Chain, reason: unknown, failure: Failure | undefined): Failure {
  const canceller = chain._other as ((chain: Chain, reason: unknown) => void) | null
  const again = chain._flags & CANCELLING
  // Its canceller may fire it by hand, and whatever it is chained to looks whether it has fired.
  chain._flags = (chain._flags | CANCELLING | CANCELLED) & ~CHAINED
  if (canceller === null) {
    chain._flags |= IGNORE_NEXT
  } else if (!again) {
    try {
      canceller(chain, reason)
    } catch (error) {
      return error instanceof Failure ? error : new Failure(error)
    }
  }
  return failure ?? new Failure(new CancelledError(reason))
}
