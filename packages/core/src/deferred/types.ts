import type { Deferred } from './deferred.ts'
import type { Failure } from './failure.ts'

/** A value, or anything that will become one: a deferred, a promise, any thenable. */
export type Awaitable<T> = T | Deferred<T> | PromiseLike<T>

/** What a chain carries on with when a callback returns `R`: deferreds and promises are waited for, a failure has no value. */
export type Settled<R> = [R] extends [never]
  ? never
  : R extends Failure
    ? never
    : R extends PromiseLike<infer V>
      ? Settled<V>
      : R

/** How a deferred stands, as {@link Deferred.peek} tells it. */
export type Peek<T> =
  | { readonly status: 'pending' }
  | { readonly status: 'fulfilled'; readonly value: T }
  | { readonly status: 'rejected'; readonly failure: Failure }
