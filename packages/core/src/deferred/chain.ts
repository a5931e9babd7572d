import { usageError } from '../errors.ts'
import { cancellation, cancelledBecause, Failure, toFailure } from './failure.ts'
import * as flags from './flags.ts'
import * as pairs from './pairs.ts'
import { type Handler, Pair, type Pairs, push, pushFirst, shiftStep, type Step } from './pairs.ts'
import { Rare } from './rare.ts'
import { hear } from './tap.ts'
import { adopt, thenOf } from './thenable.ts'
import { tracer } from './trace.ts'
import { suspect, unwatch } from './unhandled.ts'

// Copies, because V8 folds a module's own constants into the code and reads imported ones from memory each time.
const {
  CANCELLED,
  CANCELLING,
  CHAINED,
  COROUTINE,
  FIRED,
  HANDLED,
  IGNORE_NEXT,
  PAUSED,
  RUNNING,
  SUSPECTED,
  TRACED,
  WAITING,
  WATCHED,
} = flags
const { CHAIN, GIVE, ON_BOTH, ON_FAILURE, ON_VALUE, PAIR } = pairs

/** How many deferreds a new wait is followed through, in search of a ring. Looking further would make deep chains quadratic. */
const RING = 32

/**
 * The engine inside a deferred: its state, and the pairs still to run. The canceller's place is the inner chain's once it
 * is of no use.
 */
export class Chain implements Pairs {
  /** @internal */ _flags: number
  /** @internal The value or Failure that the next pair gets. */ _result: unknown
  /** @internal */ _kinds: number
  /** @internal */ _first: unknown
  /** @internal */ _second: unknown
  /** @internal */ _third: unknown
  /** @internal */ _last: Step | null
  /** @internal Before firing the canceller, after it the chain that is waited for. */ _other: unknown
  /** @internal */ _rare: Rare | null

  constructor(canceller: unknown) {
    this._flags = 0
    this._result = undefined
    this._kinds = 0
    this._first = undefined
    this._second = undefined
    this._third = undefined
    this._last = null
    this._other = canceller === undefined ? null : canceller
    this._rare = null
    if (tracer !== undefined) {
      this._flags = TRACED
      tracer.made(this)
    }
  }
}

/** Adds a pair of whatever kind, and runs it if the chain has come that far. */
export function add(chain: Chain, handler: unknown, kind: number): void {
  push(chain, handler, kind)
  if (chain._flags & (FIRED | TRACED)) added(chain, handler, kind)
}

function added(chain: Chain, handler: unknown, kind: number): void {
  if (chain._flags & TRACED) tracer?.added(chain, handler, kind, false)
  if (chain._flags & FIRED) run(chain)
}

/** Adds a pair of callback and errback, and runs it if the chain has come that far. */
export function append(chain: Chain, onValue: unknown, onFailure: unknown): void {
  if (onFailure === undefined) add(chain, onValue, ON_VALUE)
  else if (onValue === undefined) add(chain, onFailure, ON_FAILURE)
  else if (onValue === onFailure) add(chain, onValue, ON_BOTH)
  else add(chain, new Pair(onValue, onFailure), PAIR)
}

/** From inside a callback: adds a function that runs next, for a value or a failure, before the pairs that stand already. */
export function addNext(chain: Chain, onResult: Handler): void {
  if (chain._flags & TRACED) tracer?.added(chain, onResult, ON_BOTH, true)
  pushFirst(chain, onResult, ON_BOTH)
}

/** Gives a chain its result. The caller has made sure that it has none. */
export function fire(chain: Chain, result: unknown): void {
  const flags = chain._flags
  if (flags & TRACED) tracer?.fired(chain)
  chain._flags = (flags | FIRED) & ~CHAINED
  chain._result = result
  chain._other = null
  if (chain._rare !== null) chain._rare.listeners = undefined
  const next = advance(chain)
  if (next !== undefined) goOn(chain, next)
}

/** Fires `chain` with what the thenable becomes, unless it has fired by then. */
export function adoptInto(chain: Chain, thenable: unknown, then: PromiseLike<unknown>['then']): void {
  adopt(thenable, then, (result) => {
    if ((chain._flags & FIRED) === 0) fire(chain, result)
  })
}

/**
 * Runs what can be run of a chain, and of the chains that its result is given to: those are kept on a stack of our own,
 * because programs nest deferreds deeper than the engine nests calls.
 */
export function run(chain: Chain): void {
  if (chain._flags & RUNNING) return
  const next = advance(chain)
  if (next !== undefined) goOn(chain, next)
}

/** Runs `next`, which the pair of `first` that ran last has passed a result on to, and then what is left of `first`. */
function goOn(first: Chain, next: Chain | undefined): void {
  let current = first
  // Those to come back to: the last one, and the ones before it, for which few programs need an array.
  let above: Chain | undefined
  let higher: Chain[] | undefined
  for (;;) {
    if (next !== undefined) {
      if (current._flags & RUNNING || current._kinds !== 0 || current._last !== null) {
        if (above !== undefined) (higher ??= []).push(above)
        above = current
      }
      current = next
    } else {
      if (above === undefined) return
      current = above
      above = higher?.pop()
    }
    next = advance(current)
  }
}

/** Runs the pairs of a chain. Gives back the chain that a pair has passed the result on to, which is to be run first. */
function advance(current: Chain): Chain | undefined {
  current._flags |= RUNNING
  let result = current._result
  let failed = typeof result === 'object' && result instanceof Failure
  for (;;) {
    const flags = current._flags
    if (flags >= PAUSED) break
    let handler: unknown
    let kind = current._kinds
    if (kind !== 0) {
      // The places move up. Written out here and not in a function of its own, because this is where the time goes.
      handler = current._first
      current._first = current._second
      current._second = current._third
      current._third = undefined
      current._kinds = kind >> 3
      kind &= 7
    } else {
      if (current._last === null) break
      const step = shiftStep(current)
      handler = step.handler
      kind = step.kind
    }
    if (flags & TRACED) tracer?.ran(current, failed)

    if (kind > PAIR) {
      // Firing a chained deferred is a callback of this one: what that adds to this one waits for its turn.
      const pass = kind === GIVE ? give : kind === CHAIN ? passOn : hear
      if (!pass(current, handler as Chain)) {
        // The other one's canceller has run, and may have taken the result; or a tap has.
        result = current._result
        failed = typeof result === 'object' && result instanceof Failure
        continue
      }
      // Not so, as in Twisted, what the callbacks of a deferred that has waited for this one add to it.
      if (kind === GIVE) current._flags &= ~RUNNING
      return handler as Chain
    }

    if (kind === PAIR) handler = failed ? (handler as Pair).onFailure : (handler as Pair).onValue
    else if ((kind & (failed ? ON_FAILURE : ON_VALUE)) === 0) continue
    if (handler === undefined) continue
    if (failed && current._flags & WATCHED) unwatch(current)
    let next: unknown
    try {
      next = (handler as Handler)(result)
    } catch (error) {
      next = toFailure(error)
    }
    if (typeof next === 'object' ? next !== null : typeof next === 'function') {
      if (next !== result) {
        current._flags &= ~HANDLED
        result = settle(current, next as object)
        failed = typeof result === 'object' && result instanceof Failure
      }
    } else {
      if (failed) current._flags &= ~HANDLED
      failed = false
      result = next
    }
    current._result = result
  }
  current._flags &= ~RUNNING
  if (failed && (current._flags & (HANDLED | WATCHED | SUSPECTED)) === 0) suspect(current, result as Failure)
  return undefined
}

/** The result that `current` goes on with after its callback returned an object; paused if there is none yet. */
function settle(current: Chain, returned: object): unknown {
  let then: PromiseLike<unknown>['then'] | undefined
  try {
    if (returned instanceof Chain) return follow(current, returned)
    if (returned instanceof Failure) return returned
    then = thenOf(returned)
  } catch (error) {
    return toFailure(error)
  }
  if (then === undefined) return returned
  const inner = new Chain(undefined)
  adoptInto(inner, returned, then)
  return follow(current, inner)
}

function follow(current: Chain, inner: Chain): unknown {
  if (inner._flags & FIRED && inner._flags < PAUSED && inner !== current) {
    const result = inner._result
    release(inner)
    return result
  }
  if (waitsFor(inner, current)) return ring(inner === current)
  current._flags = (current._flags | WAITING) + PAUSED
  current._other = inner
  if (inner._flags & TRACED) tracer?.added(inner, current, GIVE, false)
  push(inner, current, GIVE)
  return undefined
}

function waitsFor(inner: Chain, chain: Chain): boolean {
  let next = inner
  for (let i = 0; i < RING; i++) {
    if (next === chain) return true
    if ((next._flags & WAITING) === 0) return false
    next = next._other as Chain
  }
  return false
}

function ring(itself: boolean): Failure {
  return new Failure<unknown>(
    itself
      ? usageError(TypeError, 'ERR_RETURNED_ITSELF', 'A deferred was returned by its own callback, and would wait for itself: return something else')
      : usageError(TypeError, 'ERR_DEADLOCK', 'A callback returned a deferred that waits for the callback’s own deferred: break the ring'),
  )
}

/** Another chain has this one's result now, and answers for it. */
function release(chain: Chain): void {
  if (chain._flags & WATCHED) unwatch(chain)
  chain._flags &= ~HANDLED
  chain._result = undefined
}

/** Gives `next`, which has waited for it, the result of `current`. Whether it was still waiting. */
function give(current: Chain, next: Chain): boolean {
  if (next._other !== current || (next._flags & WAITING) === 0) return false
  resume(next, current._result)
  release(current)
  return true
}

function resume(chain: Chain, result: unknown): void {
  chain._other = null
  chain._flags = (chain._flags & ~WAITING) - PAUSED
  chain._result = result
}

/** Gives `next` the result of `current`, which keeps it. Whether `next` is to be run now. */
function passOn(current: Chain, next: Chain): boolean {
  let result = current._result
  if (result instanceof Failure) {
    if (current._flags & WATCHED) unwatch(current)
    current._flags |= HANDLED
    // Cancelled: the next one's canceller has work to stop too.
    const cancelled = cancelledBecause(result)
    if (cancelled !== undefined && (next._flags & FIRED) === 0) result = stopWork(next, cancelled.reason, result)
  }
  if (next._flags & FIRED) return false
  if (next._flags & TRACED) tracer?.fired(next)
  next._flags = (next._flags | FIRED) & ~CHAINED
  next._result = result
  next._other = null
  if (next._rare !== null) next._rare.listeners = undefined
  return true
}

/** As `Deferred.prototype.cancel` says. */
export function cancel(chain: Chain, reason: unknown): void {
  let innermost = chain
  // Brent's search for a ring: a mark that is moved up each time the number of steps has doubled.
  let mark = chain
  let steps = 0
  let limit = 2
  for (;;) {
    if ((innermost._flags & (FIRED | WAITING)) === FIRED) {
      // A coroutine that runs now hears of it when it next waits for something.
      if (innermost._flags & COROUTINE) {
        noteCancelled(innermost, reason)
        innermost._flags |= CANCELLING
      }
      return
    }
    noteCancelled(innermost, reason)
    // A listener on its signal may have fired it.
    if ((innermost._flags & (FIRED | WAITING)) === FIRED) return
    if ((innermost._flags & WAITING) === 0) return cancelUnfired(innermost, reason)
    innermost = innermost._other as Chain
    if (innermost === mark) return breakRing(innermost, reason)
    if (++steps === limit) {
      mark = innermost
      limit *= 2
    }
  }
}

function noteCancelled(chain: Chain, reason: unknown): void {
  if (chain._flags & TRACED) tracer?.cancelled(chain)
  chain._flags |= CANCELLED
  if (reason !== undefined) (chain._rare ??= new Rare()).reason = reason
  chain._rare?.controller?.abort(reason)
}

function cancelUnfired(chain: Chain, reason: unknown): void {
  if (chain._flags & CANCELLING) return
  const failure = stopWork(chain, reason, undefined)
  if ((chain._flags & FIRED) === 0) fire(chain, failure)
}

function breakRing(chain: Chain, reason: unknown): void {
  resume(chain, cancellation(reason))
  run(chain)
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
      const thrown = toFailure(error)
      // It has fired the chain before it threw: nobody else would hear of the error.
      if (chain._flags & FIRED) fire(new Chain(undefined), thrown)
      return thrown
    }
  }
  return failure ?? cancellation(reason)
}
