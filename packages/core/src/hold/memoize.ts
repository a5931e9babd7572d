import { type Clock, systemClock } from '../clock.ts'
import { usageError } from '../errors.ts'
import { fire } from '../deferred/chain.ts'
import { Deferred, fail } from '../deferred/deferred.ts'
import { Failure } from '../deferred/failure.ts'
import * as flags from '../deferred/flags.ts'
import { checkTime } from '../deferred/limits.ts'
import type { Settled } from '../deferred/types.ts'
import { checkFunction } from './check-function.ts'
import { CallCache, type Entry, NONE } from './call-cache.ts'
import { SharedCall } from './shared-call.ts'

// A copy, because V8 folds a module's own constants into the code.
const { FIRED } = flags

/** For {@link memoize}; times in milliseconds. */
export interface MemoizeOptions<A extends unknown[]> {
  /** What tells calls apart, by identity. Default: all arguments. If it throws, the call fails with that. */
  readonly key?: ((...args: A) => unknown) | undefined
  /** How long after its end a call's result is given out. Default: for ever. */
  readonly maxAge?: number | undefined
  /** How many calls are remembered, running ones included; the least recently used is forgotten. Default: any number. */
  readonly maxSize?: number | undefined
  /** Only running calls are shared; a call is forgotten when it ends. */
  readonly inFlightOnly?: boolean | undefined
  /** Whether a failure is a result like any other. Default false: the next call tries again. */
  readonly cacheFailures?: boolean | undefined
  /**
   * For how long after its `maxAge` a value is still given out while one new call is underway in the background; `true`: for
   * any time. If that call fails, the old value stays, and the failure is reported as an unhandled one.
   */
  readonly staleWhileRevalidate?: number | boolean | undefined
  readonly clock?: Clock | undefined
}

/** A function whose calls are remembered: see {@link memoize}. */
export interface Memoized<A extends unknown[], R> {
  (...args: A): Deferred<R>
  /** Forgets a call: one that is running goes on for those who wait for it, but is not remembered. Whether it was there. */
  delete(...args: A): boolean
  /** Forgets all calls. */
  clear(): void
  /** How many calls are remembered. Expired ones count until they are asked for, or pushed out by a new one. */
  readonly size: number
}

/**
 * Makes of `fn` a function that remembers its *calls*: who calls it again with the same arguments joins the call that is
 * running, or gets the result of the one that has ended. So however many ask at the moment a result expires, `fn` is called
 * once. A hit takes O(1).
 *
 * Every caller gets a deferred of its own. Cancelling it withdraws that caller; when the last one has left, the call itself
 * is cancelled, with the last one's reason, and forgotten. Age counts from the end of a call. Arguments are compared by
 * identity: 1 is not '1', NaN is NaN.
 *
 * @returns a function that never throws: fires with what `fn` returns, fails with what it or the `key` function throws
 * @throws TypeError ERR_NOT_A_FUNCTION if `fn` is none
 * @throws RangeError ERR_INVALID_TIME for a time that is none, ERR_INVALID_SIZE unless `maxSize` is a whole number above 0
 *
 * @example
 * let asked = 0
 * const locate = memoize((address: string) => sleep(new ManualClock(), 10, ++asked + address), { maxSize: 1_000 })
 * const [mine, yours] = [locate('Rome'), locate('Rome')] // asked is 1
 * mine.cancel() // yours goes on
 * locate.delete('Rome')
 * const { size } = locate // size is 0
 */
export function memoize<A extends unknown[], R>(
  fn: (...args: A) => R,
  options: MemoizeOptions<A> = {},
): Memoized<A, Settled<R>> {
  type Value = Settled<R>
  const { key, maxAge = Infinity, maxSize = Infinity, inFlightOnly = false, cacheFailures = false, clock = systemClock } = options
  const stale = options.staleWhileRevalidate === true ? Infinity : options.staleWhileRevalidate || 0
  checkFunction(fn, 'memoize')
  checkTime(maxAge, 'maxAge')
  checkTime(stale, 'staleWhileRevalidate')
  if (!(Number.isInteger(maxSize) || maxSize === Infinity) || maxSize < 1) {
    throw usageError(RangeError, 'ERR_INVALID_SIZE', `maxSize is a whole number above 0; got ${maxSize}`)
  }
  const cache = new CallCache<Value>()

  /** Whether the entry's result may not be given out any more, not even as a stale one. */
  const expired = ({ result, ended }: Entry<Value>): boolean =>
    clock.now() - ended >= maxAge + (result instanceof Failure ? 0 : stale)

  const end = (entry: Entry<Value>, call: SharedCall<Value>, result: Value | Failure): void => {
    // Forgotten meanwhile.
    if (entry.call !== call) return
    entry.call = undefined
    if (call.abandoned || inFlightOnly) return cache.remove(entry)
    if (result instanceof Failure && !cacheFailures) {
      if (entry.result === NONE) cache.remove(entry)
      return
    }
    entry.result = result
    if (maxAge !== Infinity) entry.ended = clock.now()
  }

  const start = (entry: Entry<Value>, args: A, refresh: boolean): Deferred<Value> | undefined => {
    const call = new SharedCall<Value>(refresh, (call, result) => end(entry, call, result as Value | Failure))
    const waiter = refresh ? undefined : call.join()
    entry.call = call
    // Not before, because forgetting may cancel a call, and its canceller may call us.
    while (cache.size > maxSize) cache.remove(cache.leastRecentlyUsed as Entry<Value>)
    call.start(() => fn(...args))
    return waiter
  }

  const add = (path: readonly unknown[]): Entry<Value> => {
    if (maxAge !== Infinity) {
      // Each new call takes the expired ones away that were used least recently, so that they don't pile up.
      for (let last = cache.leastRecentlyUsed; last?.call === undefined; last = cache.leastRecentlyUsed) {
        if (last === undefined || !expired(last)) break
        cache.remove(last)
      }
    }
    return cache.add(path)
  }

  /** The result that an entry has, if that is still good. */
  const hit = (entry: Entry<Value> | undefined): Deferred<Value> | undefined => {
    if (entry === undefined || entry.result === NONE) return undefined
    if (maxAge !== Infinity && clock.now() - entry.ended >= maxAge) return undefined
    cache.touch(entry)
    return fired(entry.result)
  }

  const ask = (path: readonly unknown[] | undefined, ...args: A): Deferred<Value> => {
    const entry = cache.find(path ?? args)
    if (entry === undefined) return start(add(path ?? args), args, false) as Deferred<Value>
    const good = hit(entry)
    if (good !== undefined) return good
    cache.touch(entry)
    const { result, call } = entry
    if (result !== NONE && !expired(entry)) {
      if (call === undefined) start(entry, args, true)
      return fired(result)
    }
    if (call !== undefined) return call.join()
    entry.result = NONE
    return start(entry, args, false) as Deferred<Value>
  }

  const memoized = (...args: A): Deferred<Value> => {
    if (key === undefined) {
      // Most calls are hits of one argument: `args` does not leave this function then, and the engine need not make it.
      const good = args.length === 1 ? hit(cache.findOne(args[0])) : undefined
      return good ?? ask(undefined, ...args)
    }
    let by: unknown
    try {
      by = key(...args)
    } catch (error) {
      return fail(error)
    }
    return hit(cache.findOne(by)) ?? ask([by], ...args)
  }

  const forget = (...args: A): boolean => {
    const entry = cache.find(key === undefined ? args : [key(...args)])
    if (entry !== undefined) cache.remove(entry)
    return entry !== undefined
  }
  return Object.defineProperties(memoized, {
    delete: { value: forget },
    clear: { value: () => cache.clear() },
    size: { get: () => cache.size },
  }) as Memoized<A, Value>
}

function fired<T>(result: T | Failure): Deferred<T> {
  const deferred = new Deferred<T>()
  if (deferred._flags === 0 && !(result instanceof Failure)) {
    // As `fire` would, which looks for callbacks too: this is where most calls end.
    deferred._flags = FIRED
    deferred._result = result
  } else {
    fire(deferred, result)
  }
  return deferred
}
