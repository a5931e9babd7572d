// Deferreds
export { Deferred, fail, maybeDeferred, succeed, type Canceller } from './deferred/deferred.ts'
export { type ErrorType, Failure } from './deferred/failure.ts'
export { deferLater, sleep } from './deferred/later.ts'
export { abortable } from './deferred/abortable.ts'
export { setUnhandledFailureHandler, type UnhandledFailureHandler } from './deferred/unhandled.ts'
export type { TimeoutOptions } from './deferred/limits.ts'
export type { Awaitable, Peek, Settled } from './deferred/types.ts'

// Time
export { type Clock, ManualClock, systemClock } from './clock.ts'

// Errors
export {
  AlreadyCalledError,
  CancelledError,
  ChainedError,
  isCancelled,
  KeyError,
  PotorooError,
  QueueOverflow,
  QueueStopped,
  QueueUnderflow,
  TimeoutError,
  usageError,
} from './errors.ts'
