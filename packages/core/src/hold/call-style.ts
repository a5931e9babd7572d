import { usageError } from '../errors.ts'
import { fire } from '../deferred/chain.ts'
import { Deferred, fail } from '../deferred/deferred.ts'
import { Failure } from '../deferred/failure.ts'
import type { Awaitable, Settled } from '../deferred/types.ts'
import { checkFunction } from './check-function.ts'
import { observe } from './observe.ts'

/** The arguments of a {@link callback}-style function: each may be there already or not yet. */
export type AwaitableArguments<A extends unknown[]> = { [I in keyof A]: Awaitable<A[I]> }

/** What an {@link errback}-style function takes where its `fn` takes an `X`: what a place is when it has not failed. */
export type WithoutFailure<X> = [Exclude<X, Failure>] extends [never] ? unknown : Exclude<X, Failure>

/** The arguments of an {@link errback}-style function. */
export type FallibleArguments<A extends unknown[]> = { [I in keyof A]: Awaitable<WithoutFailure<A[I]>> }

/**
 * Makes of `fn` a function that may be called before its arguments are there: it waits for all of them, calls `fn` with the
 * values, and always returns a deferred. So `reformat(cleanup(getPage(url)))` reads as if the results were there.
 *
 * A failed argument passes through as it is, `fn` is not called, and the other arguments that are pending are cancelled.
 * Cancelling the deferred cancels the pending arguments, or what `fn` returned. The arguments keep their results.
 *
 * @returns fires with what `fn` returns; fails with the first argument that failed, or with what `fn` throws
 * @throws TypeError ERR_NOT_A_FUNCTION if `fn` is none
 *
 * @example
 * const add = callback((a: number, b: number) => a + b)
 * add(succeed(1), add(Promise.resolve(2), 3)) // fires with 6
 */
export function callback<A extends unknown[], R>(
  fn: (...args: A) => R,
): (...args: AwaitableArguments<A>) => Deferred<Settled<R>> {
  checkFunction(fn, 'callback')
  return (...args) => whenAll(args, true).addCallback((values) => fn(...(values as A)))
}

/**
 * The other half of {@link callback}: waits for all arguments, and calls `fn` only if some failed, with a {@link Failure} in
 * each failed place. If none did, the first argument passes through. Cancelling the deferred cancels the pending arguments
 * without calling `fn`, or what `fn` returned.
 *
 * @returns fires with what `fn` returns, or with the first argument; fails with what `fn` throws or returns as a Failure, or
 *   with TypeError ERR_NO_ARGUMENTS if there are no arguments
 * @throws TypeError ERR_NOT_A_FUNCTION if `fn` is none
 *
 * @example
 * const orElse = errback((page: string | Failure, spare: string | Failure) => (page instanceof Failure ? spare : page))
 * orElse(fail<string>('no such page'), 'a copy') // fires with 'a copy'
 * orElse(succeed('a page'), 'a copy') // fires with 'a page'
 */
export function errback<A extends unknown[], R>(
  fn: (...args: A) => R,
): (...args: FallibleArguments<A>) => Deferred<WithoutFailure<A[0]> | Settled<R>> {
  checkFunction(fn, 'errback')
  return (...args) => {
    if (args.length === 0) {
      const message = 'A function made by errback wants one argument at least: with none there is nothing to pass on'
      return fail(usageError(TypeError, 'ERR_NO_ARGUMENTS', message))
    }
    return whenAll(args, false).addCallback((results) =>
      results.some(isFailure) ? fn(...(results as A)) : results[0],
    ) as Deferred<WithoutFailure<A[0]> | Settled<R>>
  }
}

function isFailure(result: unknown): result is Failure {
  return result instanceof Failure
}

/** Fires with the results of `args`, in order; `failFast`: fails with the first failure, and cancels the others. */
function whenAll(args: readonly unknown[], failFast: boolean): Deferred<unknown[]> {
  const results = new Array<unknown>(args.length)
  // Taken out when they have their results: what is added to them later is no business of ours.
  const members: (Deferred<unknown> | undefined)[] = args.map((arg) => Deferred.from(arg))
  let left = members.length
  let over = false
  const stop = (reason: unknown): void => {
    over = true
    for (const member of members) member?.cancel(reason)
  }
  const all = new Deferred<unknown[]>((_, reason) => stop(reason))
  members.slice().forEach((member, place) => {
    // Also when it is over: the failures of those that were cancelled are nobody else's.
    observe(member as Deferred<unknown>, (result) => {
      members[place] = undefined
      left--
      if (over) return
      if (failFast && result instanceof Failure) {
        stop(result.value)
        if (!all.called) fire(all, result)
        return
      }
      results[place] = result
      if (left === 0 && !all.called) fire(all, results)
    })
  })
  if (args.length === 0) fire(all, results)
  return all
}
