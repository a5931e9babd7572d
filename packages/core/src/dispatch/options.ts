import type { Clock } from '../clock.ts'
import { usageError } from '../errors.ts'
import type { QueueDeadlock } from './job-errors.ts'
import type { Rates } from './rate.ts'

/** For {@link ResizableDispatchQueue}. */
export interface DispatchOptions {
  /** How many jobs may be underway at once; 0 unless given. */
  readonly width?: number | undefined
  /** How many jobs may be pending at most; no limit unless given. */
  readonly size?: number | undefined
  /** How many jobs may start in a time, or several such limits; none unless given. */
  readonly rate?: Rates | undefined
  readonly clock?: Clock | undefined
  /** Told when all places are taken by jobs that wait for pending ones. Unless given, the runtime warns. */
  readonly onWarning?: ((warning: QueueDeadlock) => void) | undefined
}

/** For {@link ResizableDispatchQueue.put}. */
export interface PutOptions {
  /** Lower goes first; 0 unless given. Among equals, first come first served. */
  readonly priority?: number | undefined
  /** How long the job may run, in milliseconds from its start; after that it fails with a {@link TimeoutError}. */
  readonly timeout?: number | undefined
  /** Cancels the job when it is aborted. */
  readonly signal?: AbortSignal | undefined
}

/** @throws RangeError ERR_INVALID_WIDTH unless `width` is a whole number, zero or more */
export function checkWidth(width: number): void {
  if (Number.isSafeInteger(width) && width >= 0) return
  throw usageError(RangeError, 'ERR_INVALID_WIDTH', `A width is a whole number, zero or more; got ${String(width)}`)
}

/** @throws RangeError ERR_INVALID_SIZE unless `limit` is a whole number from 1 */
export function checkLimit(limit: number): void {
  if (Number.isSafeInteger(limit) && limit > 0) return
  throw usageError(RangeError, 'ERR_INVALID_SIZE', `A size to be less than is a whole number from 1; got ${String(limit)}`)
}
