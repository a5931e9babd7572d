import { adoptInto, fire } from '../deferred/chain.ts'
import { Deferred, fail } from '../deferred/deferred.ts'
import { HANDLED } from '../deferred/flags.ts'
import { addTap, HANDLE, removeProgress, removeTap, type Tap } from '../deferred/tap.ts'
import { thenOf } from '../deferred/thenable.ts'
import type { Awaitable } from '../deferred/types.ts'

/** What of a jQuery deferred, or of its promise, is used here: its `then` would drop all values but the first. */
interface JQueryDeferred extends PromiseLike<unknown> {
  done(onValues: (...values: unknown[]) => void): unknown
  fail(onValues: (...values: unknown[]) => void): unknown
  progress?(onValues: (...values: unknown[]) => void): unknown
}

/**
 * One deferred for each promise and each jQuery deferred that was ever a member: nothing can be taken out of those
 * again, so a million combinations with one long-lived promise must not add a million reactions to it.
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
    if (then !== undefined) {
      const jquery = isJQuery(member)
      if (jquery || member instanceof Promise) {
        return follow(sourceOf(member as PromiseLike<unknown>, jquery ? thenOfJQuery : then)) as Deferred<T>
      }
    }
  } catch (error) {
    return fail(error)
  }
  return Deferred.from(member)
}

function isJQuery(value: unknown): value is JQueryDeferred {
  const { done, fail } = value as Partial<JQueryDeferred>
  return typeof done === 'function' && typeof fail === 'function'
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
  const known = sources.get(thenable)
  if (known !== undefined) return known
  const source = new Deferred<unknown>()
  // Those that follow it answer for its failure.
  source._flags |= HANDLED
  sources.set(thenable, source)
  if (isJQuery(thenable)) thenable.progress?.((...values) => source.notify(oneOrAll(values)))
  adoptInto(source, thenable, then)
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
