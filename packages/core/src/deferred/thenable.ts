import { usageError } from '../errors.ts'
import { type Failure, toFailure } from './failure.ts'

/** `value.then`, if that can be called: such a value can be waited for. Reading it may throw. */
export function thenOf(value: unknown): PromiseLike<unknown>['then'] | undefined {
  if (typeof value !== 'function' && (typeof value !== 'object' || value === null)) return undefined
  const { then } = value as { then?: unknown }
  return typeof then === 'function' ? (then as PromiseLike<unknown>['then']) : undefined
}

/** Whether a value can be waited for. Reads `then` without calling it. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return thenOf(value) !== undefined
}

/** Tells `onResult` what the thenable becomes, a value or a Failure, once: only the thenable's first word counts. */
export function adopt(thenable: unknown, then: PromiseLike<unknown>['then'], onResult: (result: unknown) => void): void {
  let told = false
  const onValue = (value: unknown): void => {
    if (told) return
    told = true
    // A thenable that becomes another one goes the platform's way, one microtask a step: it may have no end.
    if (value === thenable) onResult(toFailure(itself()))
    else if (isObject(value)) onObject(value, onResult)
    else onResult(value)
  }
  const onFailure = (reason: unknown): void => {
    if (told) return
    told = true
    onResult(toFailure(reason))
  }
  try {
    then.call(thenable as PromiseLike<unknown>, onValue, onFailure)
  } catch (error) {
    onFailure(error)
  }
}

function itself(): TypeError {
  return usageError(TypeError, 'ERR_RETURNED_ITSELF', 'A thenable was resolved with itself, and would wait for ever: give its `resolve` something else')
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}

function onObject(value: object, onResult: (result: unknown) => void): void {
  let failure: Failure | undefined
  try {
    if (thenOf(value) === undefined) return onResult(value)
  } catch (error) {
    failure = toFailure(error)
  }
  if (failure !== undefined) return onResult(failure)
  Promise.resolve(value).then(onResult, (reason: unknown) => onResult(toFailure(reason)))
}
