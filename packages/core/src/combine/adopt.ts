import { adoptInto, append, fire } from '../deferred/chain.ts'
import { Deferred, fail, succeed } from '../deferred/deferred.ts'
import { HANDLED } from '../deferred/flags.ts'
import { addTap, HANDLE, removeProgress, removeTap, type Tap } from '../deferred/tap.ts'
import { thenOf } from '../deferred/thenable.ts'
import type { Awaitable } from '../deferred/types.ts'

/** What of a jQuery deferred, or of its promise, is used here: its `then` would drop all values but the first. */
interface JQueryDeferred extends PromiseLike<unknown> {
  done(onValues: (...values: unknown[]) => void): unknown
  fail(onValues: (...values: unknown[]) => void): unknown
  progress?(onValues: (...values: unknown[]) => void): unknown
  promise(): unknown
}

/**
 * One deferred for each thenable that is a member now and has not settled: nothing can be taken out of a thenable again, so a
 * million combinations with one long-lived promise must not add a million reactions to it. One that has settled is asked
 * anew the next time, as there are thenables that begin their work when they are asked.
 */
const sources = /* @__PURE__ */ new WeakMap<object, Deferred<unknown>>()

/**
 * How every combination takes a member: a deferred as it is; anything else as a deferred of its own, which is let go of by
 * cancelling it. Several values of a jQuery deferred become an array, and its progress the deferred's.
 */
export function adopt<T>(member: Awaitable<T>): Deferred<T> {
  if (member instanceof Deferred) return member
  try {
    const then = thenOf(member)
    if (then === undefined) return succeed(member as T)
    return follow(sources.get(member as object) ?? sourceOf(member as PromiseLike<unknown>, then)) as Deferred<T>
  } catch (error) {
    return fail(error)
  }
}

/** Not whatever has `done` and `fail`: the promises of Q have them too, and throw from `done`. */
function isJQuery(value: object): value is JQueryDeferred {
  const { done, fail, promise } = value as Partial<JQueryDeferred>
  return typeof done === 'function' && typeof fail === 'function' && typeof promise === 'function'
}

const thenOfJQuery = function (
  this: JQueryDeferred,
  onValue: (value: unknown) => void,
  onFailure: (reason: unknown) => void,
): void {
  this.done((...values) => onValue(oneOrAll(values)))
  this.fail((...values) => onFailure(oneOrAll(values)))
} as PromiseLike<unknown>['then']

function oneOrAll(values: unknown[]): unknown {
  return values.length > 1 ? values : values[0]
}

function sourceOf(thenable: PromiseLike<unknown>, then: PromiseLike<unknown>['then']): Deferred<unknown> {
  const source = new Deferred<unknown>()
  // Those that follow it answer for its failure.
  source._flags |= HANDLED
  const forget = (result: unknown): unknown => {
    sources.delete(thenable)
    return result
  }
  append(source, forget, forget)
  const jquery = isJQuery(thenable)
  if (jquery) thenable.progress?.((...values) => source.notify(oneOrAll(values)))
  sources.set(thenable, source)
  adoptInto(source, thenable, jquery ? thenOfJQuery : then)
  return source
}

function follow(source: Deferred<unknown>): Deferred<unknown> {
  const deferred = new Deferred<unknown>(() => {
    removeTap(source, tap)
    removeProgress(source, onProgress)
  })
  const onProgress = (progress: unknown): void => deferred.notify(progress)
  const tap: Tap = {
    _gone: false,
    _handling: HANDLE,
    _hear(result) {
      // Whoever was given it may have fired it by hand.
      if (!deferred.called) fire(deferred, result)
    },
  }
  source.addProgress(onProgress)
  addTap(source, tap)
  return deferred
}
