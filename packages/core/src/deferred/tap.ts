import { add, type Chain } from './chain.ts'
import { Failure } from './failure.ts'
import { HANDLED, TRACED, WATCHED } from './flags.ts'
import { filterPairs, TAP } from './pairs.ts'
import { Rare } from './rare.ts'
import { tracer } from './trace.ts'
import { unwatch } from './unhandled.ts'

/** What becomes of a failure that a tap has heard of: it goes on as if nothing had been there, */
export const PASS = 0
/** or goes on and counts as handled, as after a `then`, */
export const HANDLE = 1
/** or becomes `undefined`, as after an errback. */
export const CONSUME = 2

export type Handling = typeof PASS | typeof HANDLE | typeof CONSUME

/**
 * A place in a chain where somebody hears of the result, and which can be taken out again while the chain has not come
 * that far: a pair could not, and a member that lives long would collect one from every combination it was ever in.
 */
export interface Tap {
  /** Set once it has been taken out. */
  _gone: boolean
  /** For failures. One that consumes them goes on doing so when it is taken out. */
  readonly _handling: Handling
  /** Called once, with a value or a Failure. Must not throw. */
  _hear(result: unknown): void
}

/** The fewest taps that are taken out before the pairs are swept. */
const FEWEST = 16

/** Adds a tap, which hears at once if the chain has come that far. */
export function addTap(chain: Chain, tap: Tap): void {
  add(chain, tap, TAP)
}

/** @internal What the engine does when a tap's turn has come. Never hands the result on to another chain. */
export function hear(chain: Chain, place: unknown): boolean {
  const tap = place as Tap
  const result = chain._result
  const failed = result instanceof Failure
  if (tap._gone && (!failed || tap._handling !== CONSUME)) return false
  if (failed && chain._flags & WATCHED) unwatch(chain)
  if (!tap._gone) tap._hear(result)
  // Whoever heard may have made this chain another one's inner chain, and so taken its result.
  chain._result = result
  if (failed && tap._handling === CONSUME) {
    chain._flags &= ~HANDLED
    chain._result = undefined
  } else if (failed && tap._handling === HANDLE) {
    chain._flags |= HANDLED
  }
  return false
}

/**
 * Takes a tap out that has not heard anything yet. In constant time on average: the pairs are swept when as many taps
 * were taken out as pairs were left the last time.
 */
export function removeTap(chain: Chain, tap: Tap): void {
  tap._gone = true
  if (tap._handling !== CONSUME && chain._kinds === TAP && chain._first === tap && (chain._flags & TRACED) === 0) {
    // The only one that has a place of its own, which is how most are taken out.
    chain._first = undefined
    chain._kinds = 0
    return
  }
  const rare = (chain._rare ??= new Rare())
  if (rare.sweepIn === 0) rare.sweepIn = FEWEST
  if (--rare.sweepIn === 0 || chain._flags & TRACED) rare.sweepIn = Math.max(FEWEST, sweep(chain))
}

/** Drops the taps that are of no use any more. Gives back how many pairs are left. */
function sweep(chain: Chain): number {
  let left = 0
  let consumed = false
  filterPairs(chain, (handler, kind) => {
    const gone = kind === TAP && (handler as Tap)._gone
    // Of several that consume failures, one after the other, the first one does the work of all.
    const stays = !gone || ((handler as Tap)._handling === CONSUME && !consumed)
    if (stays) {
      consumed = gone
      left++
    } else if (chain._flags & TRACED) {
      tracer?.removed(chain, handler)
    }
    return stays
  })
  return left
}

/** Takes back a `Deferred.prototype.addProgress`. */
export function removeProgress(chain: Chain, listener: (progress: unknown) => void): void {
  const listeners = chain._rare?.listeners
  const at = listeners?.indexOf(listener) ?? -1
  if (at >= 0) listeners?.splice(at, 1)
}
