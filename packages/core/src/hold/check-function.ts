import { usageError } from '../errors.ts'

/** @throws TypeError ERR_NOT_A_FUNCTION unless `fn` is a function: a promise, say, whose call is underway already */
export function checkFunction(fn: unknown, whose: string): void {
  if (typeof fn === 'function') return
  throw usageError(TypeError, 'ERR_NOT_A_FUNCTION', `${whose} needs a function to call, and not what a call has given`)
}
