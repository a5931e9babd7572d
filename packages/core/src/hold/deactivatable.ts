import { fire } from '../deferred/chain.ts'
import { Deferred } from '../deferred/deferred.ts'
import type { Awaitable } from '../deferred/types.ts'
import { observe } from './observe.ts'

/** What {@link deactivatable} gives. */
export type Deactivatable<T> = Deferred<T> & {
  /** From now on the original's result, a failure too, is not passed on. No-op once it has fired. */
  deactivate(): void
}

/**
 * A deferred that passes the result of another one on, unless it is deactivated first: after that it never fires by itself.
 * The original is left alone by `deactivate`, and keeps its result; cancelling what this returns, before or after, cancels
 * the original and fails with CancelledError.
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
  // Let go of when it is over, however long the original lives.
  let target: Deferred<T> | undefined = new Deferred<T>((_, reason) => given.cancel(reason))
  const deferred = Object.assign(target, {
    deactivate(): void {
      target = undefined
    },
  })
  observe(given, (result) => {
    if (target?.called === false) fire(target, result)
    target = undefined
  })
  return deferred
}
