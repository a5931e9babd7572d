import { Deferred } from './deferred.ts'

/**
 * Calls a function that takes a Node-style callback last, and gives a deferred of what that is called with.
 * Cancelling fails the deferred; the call goes on, and what it comes to is ignored.
 *
 * @param fn called with `args` and then the callback; what it throws at once becomes a failure
 * @returns fires with the callback's second argument, or fails with its first if that is neither null nor undefined
 *
 * @example
 * const divide = (a: number, b: number, done: (error: Error | null, quotient?: number) => void) =>
 *   b === 0 ? done(new RangeError('division by zero')) : done(null, a / b)
 * fromNodeCallback(divide, 6, 3) // fires with 2
 */
export function fromNodeCallback<A extends unknown[], V = void>(
  fn: (...args: [...A, (error: unknown, value: V) => void]) => unknown,
  ...args: A
): Deferred<V> {
  const deferred = new Deferred<V>()
  // Some functions call back twice; a deferred fires once, and the second call is theirs to answer for.
  const done = (error: unknown, value: V): void => {
    if (deferred.called) return
    if (error === null || error === undefined) deferred.callback(value)
    else deferred.errback(error)
  }
  try {
    fn(...args, done)
  } catch (error) {
    done(error, undefined as V)
  }
  return deferred
}
