import type { Deferred } from '../deferred/deferred.ts'
import { HANDLE } from '../deferred/tap.ts'
import { collect, firstError, indexed } from './lists.ts'
import type { Indexed, Items, Results, ValueOf, Values } from './types.ts'

/** For {@link when2}. */
export interface When2Options {
  /** Fires with the first success. */
  readonly resolveOnFirstSuccess?: boolean | undefined
  /** Fails with the first failure; so it does unless told otherwise, or to fire with the first success. */
  readonly failOnFirstError?: boolean | undefined
}

/**
 * A list, and three behaviours. As it is, fires with the values of all members in order, and fails at the first failure.
 * With `resolveOnFirstSuccess`, fires with `{ index, value }` of the first success. With `failOnFirstError: false` (which
 * `resolveOnFirstSuccess` implies) it never fails: when all have fired and nothing has decided it, it fires with all
 * results in order, a failed member's being its Failure. No members: fires with `[]`. Members' failures count as handled,
 * and stay in the members. Members' progress is its own, as `{ index, value }`. Cancelling it cancels the members that
 * have not fired; it then fails with CancelledError, unless what they fire with decides it.
 *
 * Fails with: FirstError ERR_FIRST_ERROR.
 *
 * @param items deferreds, promises, thenables, jQuery deferreds, and values, which have succeeded
 * @throws TypeError ERR_NOT_A_LIST if `items` is no iterable, or a deferred
 *
 * @example
 * when2([fail('down'), 'up'], { resolveOnFirstSuccess: true }) // fires with { index: 1, value: 'up' }
 */
export function when2<T extends Items>(
  items: T,
  options?: { readonly resolveOnFirstSuccess?: false | undefined; readonly failOnFirstError?: true | undefined },
): Deferred<Values<T>>
export function when2<T extends Items>(
  items: T,
  options: { readonly resolveOnFirstSuccess?: false | undefined; readonly failOnFirstError: false },
): Deferred<Results<T>>
export function when2<T extends Items>(
  items: T,
  options: { readonly resolveOnFirstSuccess: true; readonly failOnFirstError: true },
): Deferred<Indexed<ValueOf<T>>>
export function when2<T extends Items>(items: T, options: When2Options): Deferred<Indexed<ValueOf<T>> | Results<T>>
export function when2(
  items: Iterable<unknown>,
  { resolveOnFirstSuccess = false, failOnFirstError = !resolveOnFirstSuccess }: When2Options = {},
): Deferred<unknown> {
  return collect(items, {
    handling: HANDLE,
    onProgress: (index, value, result) => result.notify({ index, value }),
    place: (firing) => (firing.success ? firing.value : firing.failure),
    early: (firing) => (firing.success ? resolveOnFirstSuccess && indexed(firing) : failOnFirstError && firstError(firing)),
  })
}
