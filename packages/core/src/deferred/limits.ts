import { type Clock, systemClock } from '../clock.ts'
import { TimeoutError, usageError } from '../errors.ts'
import { append, cancel, type Chain } from './chain.ts'
import { cancelledBecause, Failure } from './failure.ts'
import { COROUTINE, FIRED, WAITING } from './flags.ts'
import { hasPairs } from './pairs.ts'

/** For {@link Deferred.addTimeout}. */
export interface TimeoutOptions {
  /** Gets the cancellation's failure when the time is over; what it returns goes on instead of a TimeoutError. */
  readonly onTimeout?: (failure: Failure) => unknown
  readonly clock?: Clock
}

/** As `Deferred.prototype.addTimeout` says. */
export function addTimeout(chain: Chain, ms: number, { onTimeout, clock = systemClock }: TimeoutOptions = {}): void {
  checkTime(ms, 'A time-out')
  if (ms === Infinity || hasResult(chain)) return
  let late: TimeoutError | undefined
  const timer = clock.setTimeout(() => {
    late = new TimeoutError(ms)
    cancel(chain, late)
  }, ms)
  const onResult = (result: unknown): unknown => {
    clock.clearTimeout(timer)
    if (late === undefined || !(result instanceof Failure) || !cancelledBecause(result)) return result
    return onTimeout === undefined ? new Failure(late) : onTimeout(result)
  }
  append(chain, onResult, onResult)
}

/** As `Deferred.prototype.cancelOn` says. */
export function cancelOn(chain: Chain, signal: AbortSignal): void {
  checkSignal(signal)
  if (hasResult(chain)) return
  if (signal.aborted) return cancel(chain, signal.reason)
  const onAbort = (): void => cancel(chain, signal.reason)
  const onResult = (result: unknown): unknown => {
    signal.removeEventListener('abort', onAbort)
    return result
  }
  signal.addEventListener('abort', onAbort, { once: true })
  append(chain, onResult, onResult)
}

/** Whether there is nothing left to limit: all that was added has run. */
function hasResult(chain: Chain): boolean {
  return (chain._flags & (FIRED | WAITING | COROUTINE)) === FIRED && !hasPairs(chain)
}

/** @throws RangeError ERR_INVALID_TIME unless `ms` is a number of milliseconds, zero or more */
export function checkTime(ms: number, what: string): void {
  if (typeof ms !== 'number' || !(ms >= 0)) {
    throw usageError(RangeError, 'ERR_INVALID_TIME', `${what} is a number of milliseconds, zero or more; got ${String(ms)}`)
  }
}

/** @throws TypeError ERR_INVALID_SIGNAL unless `signal` is an AbortSignal */
export function checkSignal(signal: AbortSignal): void {
  if (typeof signal?.addEventListener === 'function' && typeof signal.aborted === 'boolean') return
  throw usageError(TypeError, 'ERR_INVALID_SIGNAL', 'The signal must be an AbortSignal, such as an AbortController has')
}
