import { type Deferred, Failure } from 'potoroo'

/** Keeps what comes out of a deferred at this point, and takes it: `undefined` until it has come that far. */
export function outcome<T>(deferred: Deferred<T>): { value?: T; error?: unknown; settled: boolean } {
  const seen: { value?: T; error?: unknown; settled: boolean } = { settled: false }
  deferred.addBoth((result) => {
    seen.settled = true
    if (result instanceof Failure) seen.error = result.value
    else seen.value = result
  })
  return seen
}

/** The failure that comes out of a deferred that has failed. */
export function failureOf(deferred: Deferred<unknown>): Failure {
  const peeked = deferred.peek()
  deferred.addErrback(() => undefined)
  if (peeked.status !== 'rejected') throw new Error(`expected a failure, the deferred is ${peeked.status}`)
  return peeked.failure
}

/** What `fn` throws. */
export function thrownBy(fn: () => unknown): unknown {
  try {
    fn()
  } catch (error) {
    return error
  }
  throw new Error('expected it to throw')
}
