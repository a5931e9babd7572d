import { append } from '../deferred/chain.ts'
import type { Deferred } from '../deferred/deferred.ts'
import type { Failure } from '../deferred/failure.ts'
import { HANDLED } from '../deferred/flags.ts'

/**
 * Tells `onResult` the result that `deferred` has at this point, and leaves it there: the deferred may be somebody else's
 * too. Counts as handling a failure, because whoever is told answers for it.
 */
export function observe<T>(deferred: Deferred<T>, onResult: (result: T | Failure) => void): void {
  append(
    deferred,
    (value: T) => {
      onResult(value)
      return value
    },
    (failure: Failure) => {
      deferred._flags |= HANDLED
      onResult(failure)
      return failure
    },
  )
}
