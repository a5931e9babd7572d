import { addNext, cancel, type Chain, run } from './chain.ts'
import { Deferred } from './deferred.ts'
import { cancellation, Failure, toFailure } from './failure.ts'
import { CANCELLING, COROUTINE, FIRED } from './flags.ts'
import { isThenable } from './thenable.ts'
import { tracer } from './trace.ts'
import type { Settled } from './types.ts'

/** What the deferred of a coroutine fires with, if calling its body gives an `R`. */
export type CoroutineResult<R> = R extends Generator<infer _Yielded, infer V, infer _Sent> ? Settled<V> : Settled<R>

/**
 * Makes a coroutine of a generator function: inside it, `yield*` a deferred to wait for it and to get its value; a failure
 * is thrown there. Calling the coroutine always returns a deferred: a body that throws at once, or is no generator
 * function, gives one that has fired.
 *
 * Cancelling that deferred cancels what the body waits for, and thus throws CancelledError at its `yield`. A body that
 * catches that and goes on fires the deferred with what it finally returns. For a promise, `yield* Deferred.from(promise)`;
 * a value that is plainly yielded (`yield x`) is waited for too, but without its type.
 *
 * @param body the generator function; it gets the arguments and `this` of the call
 * @returns a function like `body`, whose deferred fires with what the body returns, or fails with what it throws
 *
 * @example
 * const total = inlineCallbacks(function* (prices: Deferred<number>[]) {
 *   let sum = 0
 *   for (const price of prices) sum += yield* price
 *   return sum
 * })
 * total([succeed(1), succeed(2)]) // fires with 3
 */
export function inlineCallbacks<This, A extends unknown[], R>(
  body: (this: This, ...args: A) => R,
): (this: This, ...args: A) => Deferred<CoroutineResult<R>> {
  return function (this: This, ...args: A): Deferred<CoroutineResult<R>> {
    const deferred = new Deferred<CoroutineResult<R>>()
    start(deferred, () => body.apply(this, args))
    return deferred
  }
}

/**
 * The coroutine is a callback of its own deferred, which counts as not having fired (COROUTINE): it returns what it waits
 * for, having put itself next in the chain. So cancelling, explaining and deep nesting are the chain's business.
 */
function start(chain: Chain, call: () => unknown): void {
  let generator: Iterator<unknown, unknown, unknown> | undefined
  const coroutine = (result: unknown): unknown => {
    if (generator === undefined) {
      let made: unknown
      try {
        made = call()
      } catch (error) {
        return finish(chain, toFailure(error))
      }
      if (!isGenerator(made)) return finish(chain, made)
      generator = made
    }
    return goOn(chain, generator, result, coroutine)
  }
  chain._flags |= FIRED | COROUTINE
  addNext(chain, coroutine)
  run(chain)
}

/** Runs the body up to its next `yield`. Gives back what it waits for there, or what it has come to. */
function goOn(
  chain: Chain,
  generator: Iterator<unknown, unknown, unknown>,
  result: unknown,
  coroutine: (result: unknown) => unknown,
): unknown {
  let next: IteratorResult<unknown, unknown>
  try {
    next = result instanceof Failure && generator.throw ? generator.throw(result.value) : generator.next(result)
  } catch (error) {
    // The very failure that it was given, if the body let that pass.
    return finish(chain, result instanceof Failure && error === result.value ? result : toFailure(error))
  }
  if (next.done === true) return finish(chain, next.value)
  addNext(chain, coroutine)
  return chain._flags & CANCELLING ? cancelled(chain, next.value) : next.value
}

/** The coroutine was cancelled while it ran, when there was nothing to cancel: so the first that it waits for is. */
function cancelled(chain: Chain, waitedFor: unknown): unknown {
  const reason = chain._rare?.reason
  if (waitedFor instanceof Deferred) {
    if (waitedFor.peek().status !== 'pending') return waitedFor
    cancel(waitedFor, reason)
  } else if (!isThenable(waitedFor)) return waitedFor
  chain._flags &= ~CANCELLING
  return waitedFor instanceof Deferred ? waitedFor : cancellation(reason)
}

function finish(chain: Chain, result: unknown): unknown {
  chain._flags &= ~(COROUTINE | CANCELLING)
  if (chain._rare !== null) chain._rare.listeners = undefined
  tracer?.fired(chain)
  return result
}

function isGenerator(value: unknown): value is Iterator<unknown, unknown, unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as { next?: unknown }).next === 'function' &&
    typeof (value as { throw?: unknown }).throw === 'function' &&
    Symbol.iterator in value
  )
}
