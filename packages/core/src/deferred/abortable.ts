import { append } from './chain.ts'
import { Deferred, maybeDeferred } from './deferred.ts'
import type { Awaitable } from './types.ts'

/**
 * Calls `fn` with an AbortSignal, and gives a deferred of its result: cancelling the deferred aborts the signal.
 *
 * @example
 * const page = abortable((signal) => fetch(url, { signal }))
 * page.cancel() // the request is over
 */
export function abortable<T>(fn: (signal: AbortSignal) => Awaitable<T>): Deferred<T> {
  const deferred = new Deferred<T>()
  const work = maybeDeferred(fn, deferred.signal)
  const settle = (result: unknown): void => {
    if (!deferred.called) deferred.callback(result as T)
  }
  append(work, settle, settle)
  return deferred
}
