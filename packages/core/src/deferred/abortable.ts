import { append } from './chain.ts'
import { Deferred, maybeDeferred } from './deferred.ts'
import type { Awaitable } from './types.ts'

/**
 * Calls `fn` with an AbortSignal, and gives a deferred of its result: cancelling the deferred aborts the signal, and
 * cancels the deferred that `fn` returned if it returned one.
 *
 * @param fn starts the work; what it throws becomes a failure
 * @returns fires with what `fn` returns, or what that becomes; cancelled, it fails at once with CancelledError
 *
 * @example
 * const page = abortable((signal) => fetch('https://example.org/', { signal }))
 * page.addErrback((failure) => failure.trap(CancelledError))
 * page.cancel() // the request is over
 */
export function abortable<T>(fn: (signal: AbortSignal) => Awaitable<T>): Deferred<T> {
  let work: Deferred<unknown> | undefined
  const deferred = new Deferred<T>((_, reason) => work?.cancel(reason))
  work = maybeDeferred(fn, deferred.signal)
  const settle = (result: unknown): void => {
    if (!deferred.called) deferred.callback(result as T)
  }
  append(work, settle, settle)
  return deferred
}
