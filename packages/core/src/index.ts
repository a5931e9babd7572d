// Deferreds
export { Deferred, fail, maybeDeferred, succeed, type Canceller } from './deferred/deferred.ts'
export { type ErrorType, Failure } from './deferred/failure.ts'
export { deferLater, sleep } from './deferred/later.ts'
export { abortable } from './deferred/abortable.ts'
export { type CoroutineResult, inlineCallbacks } from './deferred/coroutine.ts'
export { fromNodeCallback } from './deferred/node-callback.ts'
export { pendingDeferreds, setDebug } from './deferred/debug.ts'
export { setUnhandledFailureHandler, type UnhandledFailureHandler } from './deferred/unhandled.ts'
export type { TimeoutOptions } from './deferred/limits.ts'
export type { Awaitable, Peek, Settled } from './deferred/types.ts'

// Combining
export { DeferredListObserver } from './combine/observer.ts'
export { deferredList, type DeferredListOptions, gatherResults, type GatherOptions } from './combine/lists.ts'
export { firstCallback, firstN, firstSuccess, race } from './combine/first.ts'
export { when2, type When2Options } from './combine/when2.ts'
export { eventStream, type EventStream, type StreamEvent } from './combine/event-stream.ts'
export { ParallelCommandExecutor, type ParallelOptions } from './combine/parallel.ts'
export { FailureGroup, FirstError, ParallelCommandError } from './combine/errors.ts'
export type { Firing, Indexed, Items, Outcome, Outcomes, Results, ValueOf, Values } from './combine/types.ts'

// Holding calls
export { ControllableDeferred } from './hold/controllable.ts'
export { type Deactivatable, deactivatable } from './hold/deactivatable.ts'
export { type AwaitableArguments, callback, errback, type FallibleArguments, type WithoutFailure } from './hold/call-style.ts'
export { memoize, type Memoized, type MemoizeOptions } from './hold/memoize.ts'
export { retry, RetryingCall, type RetryOptions } from './hold/retry.ts'
export type { Attempt } from './hold/attempt.ts'
export { backoff, type BackoffOptions } from './hold/backoff.ts'
export { type HoldingDecorator, holdUntilReady } from './hold/ready.ts'
export { type Initialisable, initialise, instantiate, type InstantiateArguments } from './hold/instantiate.ts'

// Data structures
export { DeferredQueue } from './structures/queue.ts'
export { DeferredPriorityQueue } from './structures/priority-queue.ts'
export { DeferredDict } from './structures/dict.ts'
export { DeferredPool } from './structures/pool.ts'
export { DeferredSemaphore } from './structures/semaphore.ts'
export { DeferredLock } from './structures/lock.ts'
export type { Permit } from './structures/permit.ts'
export type { Backlog } from './structures/permits.ts'
export type { Capacity } from './structures/capacity.ts'

// Dispatch
export { ResizableDispatchQueue } from './dispatch/resizable-dispatch-queue.ts'
export { Job, type JobState } from './dispatch/job.ts'
export { JobCancelled, JobFailed, QueueDeadlock } from './dispatch/job-errors.ts'
export type { JobDeferred } from './dispatch/job-deferred.ts'
export type { DispatchOptions, PutOptions } from './dispatch/options.ts'
export type { DispatchEvent, DispatchStatus } from './dispatch/events.ts'
export type { Explanation } from './dispatch/explain.ts'
export { type Rate, type Rates, SlidingWindow } from './dispatch/rate.ts'

// Time
export { type Clock, ManualClock, systemClock } from './clock.ts'

// Errors
export {
  AlreadyCalledError,
  CancelledError,
  ChainedError,
  checkOptions,
  ClosedError,
  DuplicateItemError,
  isCancelled,
  KeyError,
  PotorooError,
  QueueOverflow,
  QueueStopped,
  QueueUnderflow,
  TimeoutError,
  usageError,
} from './errors.ts'
