import { fire } from '../deferred/chain.ts'
import { Deferred } from '../deferred/deferred.ts'
import { addTap, HANDLE, removeTap, type Tap } from '../deferred/tap.ts'
import type { Awaitable } from '../deferred/types.ts'

/** What {@link deactivatable} gives. */
export type Deactivatable<T> = Deferred<T> & {
  /** From now on the original's result, a failure too, is not passed on. No-op once it has fired. */
  deactivate(): void
}

/**
 * A deferred that passes the result of another one on, unless it is deactivated first: after that it never fires by itself.
 * The original is left alone by `deactivate`, and keeps its result; a failure is then for whoever holds it, and is reported
 * if nobody takes it. Cancelling what this returns, before or after, cancels the original. It then fails with
 * CancelledError, unless the original's canceller fired that and it was active.
 *
 * @param original a deferred, any thenable, or a plain value, which has fired already
 *
 * @example
 * const seen: string[] = []
 * const page = new Deferred<string>()
 * const shown = deactivatable(page)
 * shown.addCallback((text) => seen.push(text))
 * shown.deactivate() // the user has left
 * page.callback('hello') // seen is []
 */
export function deactivatable<T>(original: Awaitable<T>): Deactivatable<T> {
  const given = Deferred.from(original)
  const deferred = new Deferred<T>((_, reason) => given.cancel(reason))
  const tap: Tap = {
    _gone: false,
    _handling: HANDLE,
    _hear(result) {
      // Whoever was given it may have fired it by hand.
      if (!deferred.called) fire(deferred, result)
    },
  }
  addTap(given, tap)
  return Object.assign(deferred, {
    deactivate(): void {
      // An original that lives long does not collect what was deactivated.
      if (!deferred.called) removeTap(given, tap)
    },
  })
}
