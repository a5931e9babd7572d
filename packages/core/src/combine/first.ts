import { type Deferred, succeed } from '../deferred/deferred.ts'
import { Failure } from '../deferred/failure.ts'
import { HANDLE } from '../deferred/tap.ts'
import { usageError } from '../errors.ts'
import { combine } from './combine.ts'
import { FailureGroup } from './errors.ts'
import { firstError, indexed } from './lists.ts'
import { membersOf } from './members.ts'
import type { Firing, Indexed, Items, ValueOf } from './types.ts'

/**
 * Fires with `{ index, value }` of the first member to fire; fails if that failed. The others go on as they were.
 * Cancelling it cancels the members that have not fired; it then fails with CancelledError, unless what they fire with
 * decides it.
 *
 * Fails with: FirstError ERR_FIRST_ERROR.
 *
 * @throws RangeError ERR_NO_MEMBERS if there are none
 * @throws TypeError ERR_NOT_A_LIST if `items` is no iterable, or a deferred
 *
 * @example
 * firstCallback([sleep(50, 'slow'), sleep(1, 'fast')]) // fires with { index: 1, value: 'fast' }
 */
export function firstCallback<T extends Items>(items: T): Deferred<Indexed<ValueOf<T>>>
export function firstCallback(items: Iterable<unknown>): Deferred<Indexed<unknown>> {
  return combine(some(items, 'firstCallback'), { handling: HANDLE, decide: orError })
}

/**
 * Fires with `{ index, value }` of the first success; fails only if all members do. The others go on as they were.
 * Cancelling it cancels the members that have not fired; it then fails with CancelledError, unless what they fire with
 * decides it.
 *
 * Fails with: FailureGroup ERR_ALL_FAILED, whose `failures` are in member order.
 *
 * @throws RangeError ERR_NO_MEMBERS if there are none
 * @throws TypeError ERR_NOT_A_LIST if `items` is no iterable, or a deferred
 *
 * @example
 * firstSuccess([fail('no'), sleep(1, 'yes')]) // fires with { index: 1, value: 'yes' }
 */
export function firstSuccess<T extends Items>(items: T): Deferred<Indexed<ValueOf<T>>>
export function firstSuccess(items: Iterable<unknown>): Deferred<Indexed<unknown>> {
  return succeeding(some(items, 'firstSuccess'), false)
}

/**
 * As {@link firstSuccess}, and cancels the members that have not fired when there is a winner, before it fires. Nothing
 * is left behind on a member that goes on all the same. Cancelling it is as there.
 *
 * Fails with: FailureGroup ERR_ALL_FAILED, whose `failures` are in member order.
 *
 * @throws RangeError ERR_NO_MEMBERS if there are none
 * @throws TypeError ERR_NOT_A_LIST if `items` is no iterable, or a deferred
 *
 * @example
 * const slow = new Deferred<string>()
 * const winner = await race([slow, sleep(1, 'fast')]) // winner is { index: 1, value: 'fast' }
 * const loser = slow.addErrback((failure) => failure.check(CancelledError)?.name)
 * const name = await loser // name is 'CancelledError'
 */
export function race<T extends Items>(items: T): Deferred<Indexed<ValueOf<T>>>
export function race(items: Iterable<unknown>): Deferred<Indexed<unknown>> {
  return succeeding(some(items, 'race'), true)
}

/**
 * Fires with the first `n` members to succeed, `{ index, value }` in firing order, and with `[]` for 0; fails if one
 * fails before that. The others go on as they were.
 * Cancelling it cancels the members that have not fired; it then fails with CancelledError, unless what they fire with
 * decides it.
 *
 * Fails with: FirstError ERR_FIRST_ERROR.
 *
 * @throws RangeError ERR_INVALID_COUNT unless `n` is an integer from 0 to the number of members
 * @throws TypeError ERR_NOT_A_LIST if `items` is no iterable, or a deferred
 *
 * @example
 * firstN([sleep(5, 'a'), sleep(1, 'b'), 'c'], 2) // fires with [{ index: 2, value: 'c' }, { index: 1, value: 'b' }]
 */
export function firstN<T extends Items>(items: T, n: number): Deferred<Indexed<ValueOf<T>>[]>
export function firstN(items: Iterable<unknown>, n: number): Deferred<Indexed<unknown>[]> {
  const members = membersOf(items)
  if (!Number.isInteger(n) || n < 0 || n > members.length) {
    const range = `an integer from 0 to the number of members, ${members.length}`
    throw usageError(RangeError, 'ERR_INVALID_COUNT', `firstN wants ${range}; got ${String(n)}`)
  }
  if (n === 0) return succeed<Indexed<unknown>[]>([])
  const found: Indexed<unknown>[] = []
  return combine(members, {
    handling: HANDLE,
    decide(firing) {
      if (!firing.success) return firstError(firing)
      return found.push(indexed(firing)) === n ? found : undefined
    },
  })
}

function some(items: Iterable<unknown>, name: string): unknown[] {
  const members = membersOf(items)
  if (members.length === 0) throw usageError(RangeError, 'ERR_NO_MEMBERS', `${name} of nothing would never fire: give it a member`)
  return members
}

/** The first firing decides. */
function orError(firing: Firing<unknown>): unknown {
  return firing.success ? indexed(firing) : firstError(firing)
}

function succeeding(members: readonly unknown[], cancelLosers: boolean): Deferred<Indexed<unknown>> {
  const failures: Failure[] = []
  let left = members.length
  return combine(members, {
    handling: HANDLE,
    cancelLosers,
    decide(firing) {
      if (firing.success) return indexed(firing)
      failures[firing.index] = firing.failure
      return --left === 0 ? new Failure<unknown>(new FailureGroup(failures)) : undefined
    },
  })
}
