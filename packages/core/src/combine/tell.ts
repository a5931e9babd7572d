import { Deferred, fail } from '../deferred/deferred.ts'
import { isThenable } from '../deferred/thenable.ts'

/** Tells a listener. If it throws, or what it returns fails, that is reported as an unhandled failure: it stops nobody else. */
export function tell<E>(listener: (event: E) => void, event: E): void {
  try {
    const returned = listener(event) as unknown
    if (isThenable(returned)) Deferred.from(returned)
  } catch (error) {
    fail(error)
  }
}
