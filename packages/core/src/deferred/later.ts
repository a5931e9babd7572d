import { type Clock, systemClock } from '../clock.ts'
import { Deferred } from './deferred.ts'
import { checkTime } from './limits.ts'
import type { Settled } from './types.ts'

/**
 * Calls `fn` after `ms` milliseconds, and fires with what it returns. Cancelling takes the timer down.
 *
 * @throws RangeError ERR_INVALID_TIME if `ms` is negative or not a number
 *
 * @example
 * const clock = new ManualClock()
 * const greeting = deferLater(clock, 100, (name: string) => `Hello ${name}`, 'Ada')
 * clock.advance(100) // greeting has fired with 'Hello Ada'
 */
export function deferLater<A extends unknown[], R>(ms: number, fn: (...args: A) => R, ...args: A): Deferred<Settled<R>>
export function deferLater<A extends unknown[], R>(
  clock: Clock,
  ms: number,
  fn: (...args: A) => R,
  ...args: A
): Deferred<Settled<R>>
export function deferLater(first: number | Clock, ...rest: unknown[]): Deferred<unknown> {
  const clock = typeof first === 'number' ? systemClock : first
  const ms = (typeof first === 'number' ? first : rest.shift()) as number
  const [fn, ...args] = rest as [(...args: unknown[]) => unknown, ...unknown[]]
  return wait(clock, ms).addCallback(() => fn(...args))
}

/**
 * Fires with `value`, or what that becomes, after `ms` milliseconds. Cancelling takes the timer down.
 *
 * @throws RangeError ERR_INVALID_TIME if `ms` is negative or not a number
 *
 * @example
 * sleep(1, 'awake') // fires with 'awake'
 */
export function sleep(ms: number): Deferred
export function sleep<T>(ms: number, value: T): Deferred<Settled<T>>
export function sleep(clock: Clock, ms: number): Deferred
export function sleep<T>(clock: Clock, ms: number, value: T): Deferred<Settled<T>>
export function sleep(first: number | Clock, ...rest: unknown[]): Deferred<unknown> {
  const clock = typeof first === 'number' ? systemClock : first
  const ms = (typeof first === 'number' ? first : rest.shift()) as number
  const value = rest[0]
  return wait(clock, ms).addCallback(() => value)
}

function wait(clock: Clock, ms: number): Deferred {
  checkTime(ms, 'A delay')
  const deferred = new Deferred(() => clock.clearTimeout(timer))
  const timer = clock.setTimeout(() => deferred.callback(), ms)
  return deferred
}
