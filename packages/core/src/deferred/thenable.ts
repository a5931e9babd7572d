import { type Chain, fire } from './chain.ts'
import { Failure } from './failure.ts'
import { FIRED } from './flags.ts'

/** Whether a value can be waited for. Reads `then` without calling it. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
    typeof (value as { then?: unknown }).then === 'function'
  )
}

/** Fires `chain` with what the thenable becomes, unless it has fired by then. Only the thenable's first word counts. */
export function adoptInto(chain: Chain, thenable: PromiseLike<unknown>): void {
  let told = false
  const settle = (result: unknown): void => {
    if (told) return
    told = true
    if (isThenable(result)) adoptInto(chain, result)
    else if ((chain._flags & FIRED) === 0) fire(chain, result)
  }
  const reject = (reason: unknown): void => {
    if (told) return
    told = true
    if ((chain._flags & FIRED) === 0) fire(chain, reason instanceof Failure ? reason : new Failure(reason))
  }
  try {
    thenable.then(settle, reject)
  } catch (error) {
    reject(error)
  }
}
