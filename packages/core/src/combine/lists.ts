import { type Deferred, succeed } from '../deferred/deferred.ts'
import { Failure } from '../deferred/failure.ts'
import { CONSUME, PASS } from '../deferred/tap.ts'
import { combine, type Plan } from './combine.ts'
import { FirstError } from './errors.ts'
import { membersOf } from './members.ts'
import type { Firing, Indexed, Items, Outcome, Outcomes, ValueOf, Values } from './types.ts'

/** For {@link gatherResults}. */
export interface GatherOptions {
  /**
   * Whether members' failures end here: those who come after in a failed member's chain see `undefined`, and it is not
   * reported as unhandled, even if it fails when the list has fired already. Otherwise members keep their failures.
   */
  readonly consumeErrors?: boolean | undefined
}

/** For {@link deferredList}. */
export interface DeferredListOptions extends GatherOptions {
  /** Fires with the first success. */
  readonly fireOnOneCallback?: boolean | undefined
  /** Fails with the first failure. */
  readonly fireOnOneErrback?: boolean | undefined
}

/**
 * Fires when all members have, with their outcomes in order: `{ success: true, value }` or `{ success: false, failure }`.
 * With `fireOnOneCallback`, fires with `{ index, value }` of the first success; with the full list if there is none. With
 * `fireOnOneErrback`, fails at the first failure. Fires with `[]` for no members. Cancelling it cancels the members that
 * have not fired; it then fails with CancelledError, unless what they fire with decides it.
 *
 * Fails with: FirstError ERR_FIRST_ERROR, with `fireOnOneErrback`.
 *
 * @param items deferreds, promises, thenables, jQuery deferreds, and values, which have succeeded
 * @throws TypeError ERR_NOT_A_LIST if `items` is no iterable, or a deferred
 *
 * @example
 * const outcomes = await deferredList([succeed(1), fail('no')], { consumeErrors: true })
 * const successes = outcomes.map((outcome) => outcome.success) // successes is [true, false]
 */
export function deferredList<T extends Items>(
  items: T,
  options: DeferredListOptions & { readonly fireOnOneCallback: true },
): Deferred<Indexed<ValueOf<T>> | Outcomes<T>>
export function deferredList<T extends Items>(items: T, options?: DeferredListOptions): Deferred<Outcomes<T>>
export function deferredList(
  items: Iterable<unknown>,
  { fireOnOneCallback = false, fireOnOneErrback = false, consumeErrors = false }: DeferredListOptions = {},
): Deferred<unknown> {
  return collect(items, {
    handling: consumeErrors ? CONSUME : PASS,
    place: (firing): Outcome<unknown> =>
      firing.success ? { success: true, value: firing.value } : { success: false, failure: firing.failure },
    early: (firing) => (firing.success ? fireOnOneCallback && indexed(firing) : fireOnOneErrback && firstError(firing)),
  })
}

/**
 * Fires with the values of all members, in order; fails at the first failure. A list of no members fires with `[]`.
 * Cancelling it cancels the members that have not fired; it then fails with CancelledError, unless what they fire with
 * decides it.
 *
 * Fails with: FirstError ERR_FIRST_ERROR.
 *
 * @throws TypeError ERR_NOT_A_LIST if `items` is no iterable, or a deferred
 *
 * @example
 * gatherResults([succeed(1), Promise.resolve('a'), true]) // fires with [1, 'a', true]
 */
export function gatherResults<T extends Items>(items: T, options?: GatherOptions): Deferred<Values<T>>
export function gatherResults(items: Iterable<unknown>, { consumeErrors = false }: GatherOptions = {}): Deferred<unknown> {
  return collect(items, {
    handling: consumeErrors ? CONSUME : PASS,
    place: (firing) => (firing.success ? firing.value : undefined),
    early: (firing) => !firing.success && firstError(firing),
  })
}

/** How a list is collected: what stands in each place, and which firing decides it before it is full. */
export interface Collecting extends Pick<Plan<unknown>, 'handling' | 'onProgress'> {
  place(firing: Firing<unknown>): unknown
  /** @returns the outcome, or false */
  early(firing: Firing<unknown>): object | false
}

/** A deferred of a list with a place for each member. */
export function collect(items: Iterable<unknown>, { place, early, ...plan }: Collecting): Deferred<unknown> {
  const members = membersOf(items)
  const { length } = members
  if (length === 0) return succeed<unknown>([])
  let results: unknown[] = new Array<unknown>(length)
  let left = length
  return combine(members, {
    ...plan,
    decide(firing) {
      const outcome = early(firing)
      if (outcome) {
        results = []
        return outcome
      }
      results[firing.index] = place(firing)
      return --left === 0 ? results : undefined
    },
  })
}

/** @internal */
export function firstError(firing: Firing<unknown> & { success: false }): Failure {
  return new Failure<unknown>(new FirstError(firing.index, firing.failure))
}

/** @internal */
export function indexed<T>({ index, value }: Firing<T> & { success: true }): Indexed<T> {
  return { index, value }
}
