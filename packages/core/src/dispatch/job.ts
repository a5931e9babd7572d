import type { Deferred } from '../deferred/deferred.ts'
import { cancelledBecause, Failure } from '../deferred/failure.ts'
import { hasPairs } from '../deferred/pairs.ts'
import { OUTSIDE } from '../structures/indexed-heap.ts'
import type { Standing } from '../structures/priority-line.ts'
import { fireOnce } from '../structures/waiters.ts'
import { cancelJob, JobDeferred, stopWatching } from './job-deferred.ts'
import { JobRare } from './job-rare.ts'

/**
 * ```
 *            starts               its work ends well
 *  pending ─────────▶ underway ─────────────────────▶ finished
 *     │                  │ │   it throws, or is late
 *     │ cancel           │ └────────────────────────▶ failed
 *     └──────────────────┴─────────────────────────▶ cancelled
 *                              cancel
 * ```
 * A job that the queue refuses (stopped, full, wrong options) goes from pending to failed at once.
 */
export type JobState = 'pending' | 'underway' | 'finished' | 'failed' | 'cancelled'

/** The queue, as its jobs see it. */
export interface JobQueue<A, R> {
  /** @internal */ readonly _epoch: number
  /** @internal */ _cancel(job: Job<A, R>, reason: unknown): void
  /** @internal */ _reported(job: Job<A, R>): void
  /** @internal */ _suspect(): void
  reprioritize(job: Job<A, R>, priority: number): void
}

let jobs = 0

/**
 * One call of a {@link ResizableDispatchQueue}'s handler: waiting for its turn, underway, or over.
 *
 * @example
 * const queue = new ResizableDispatchQueue((n: number) => n * 2, { width: 1 })
 * const { job } = queue.put(21)
 * job.state // 'finished'
 * job.result // 42
 */
export class Job<A, R> implements Standing<Job<A, R>> {
  /** What the handler is called with. */
  readonly arg: A

  /** @internal */ _priority: number
  /** @internal Counts all jobs of the process. */ _arrival: number
  /** @internal */ _index: number
  /** @internal */ _next: Job<A, R> | null
  /** @internal */ _previous: Job<A, R> | null
  /** @internal */ _state: JobState
  /** @internal Times are counted from the queue's epoch. */ _queued: number
  /** @internal */ _started: number | undefined
  /** @internal */ _stopped: number | undefined
  /** @internal The result, or the Failure. */ _outcome: unknown
  /** @internal */ _queue: JobQueue<A, R>
  /** @internal What `put` gave, until that is told. */ _deferred: JobDeferred<A, R> | null
  /** @internal The deferred that the handler returned, until it fires. */ _work: Deferred<unknown> | null
  /** @internal */ _rare: JobRare<A, R> | null

  /** @internal */
  constructor(queue: JobQueue<A, R>, arg: A, priority: number, now: number) {
    this.arg = arg
    this._priority = priority
    this._arrival = ++jobs
    this._index = OUTSIDE
    this._next = null
    this._previous = null
    this._state = 'pending'
    this._queued = now
    this._started = undefined
    this._stopped = undefined
    this._outcome = undefined
    this._queue = queue
    this._deferred = new JobDeferred(this, cancelJob)
    this._work = null
    this._rare = null
  }

  /** Unlike any other job's in this process. */
  get id(): string {
    return `job-${this._arrival}`
  }

  /** Lower goes first. */
  get priority(): number {
    return this._priority
  }

  get state(): JobState {
    return this._state
  }

  /** When it was put, in milliseconds by the queue's clock. */
  get queuedTime(): number {
    return this._queue._epoch + this._queued
  }

  /** When it started, if it has. */
  get startTime(): number | undefined {
    return this._started === undefined ? undefined : this._queue._epoch + this._started
  }

  /** When it finished, failed or was cancelled, if it has; the work of a cancelled job may go on for a while. */
  get stopTime(): number | undefined {
    return this._stopped === undefined ? undefined : this._queue._epoch + this._stopped
  }

  /** What the handler returned, once the job is finished. */
  get result(): R | undefined {
    return this._state === 'finished' ? (this._outcome as R) : undefined
  }

  /** What the handler threw (or a {@link TimeoutError}) once the job has failed; a {@link JobCancelled} once it is cancelled. */
  get failure(): Failure | undefined {
    return this._state === 'failed' || this._state === 'cancelled' ? (this._outcome as Failure) : undefined
  }

  /** What was last {@link report}ed. */
  get progress(): unknown {
    return this._rare?.progress
  }

  /** For the handler: aborted when the job is cancelled or has run out of time. Made on first use. */
  get signal(): AbortSignal {
    const rare = this._more()
    if (rare.controller === undefined) {
      rare.controller = new AbortController()
      if (this._state === 'cancelled' || rare.late) rare.controller.abort(this._reason())
    }
    return rare.controller.signal
  }

  /**
   * A deferred of its own for whoever asks: fires with this job when it is finished, at once if it is, or fails as the
   * deferred that `put` gave does ({@link JobFailed}, {@link JobCancelled}). Cancelling it only stops watching.
   */
  watch(): Deferred<Job<A, R>> {
    const deferred = new JobDeferred(this, stopWatching)
    if (this._state === 'pending' || this._state === 'underway') (this._more().watchers ??= new Set()).add(deferred)
    else fireOnce(deferred, this._verdict())
    return deferred
  }

  /**
   * Cancels it. Pending, it never starts, and leaves the queue in O(log n). Underway, its {@link signal} is aborted, and
   * a deferred that its handler returned is cancelled; its place is free when that work has really ended. Its deferreds
   * fail at once with {@link JobCancelled}. A job that is over stays as it is.
   *
   * @param reason becomes the error's `cause` and the signal's reason
   */
  cancel(reason?: unknown): void {
    this._queue._cancel(this, reason)
  }

  /**
   * Gives it another priority; among equals it keeps its time of arrival. O(log n).
   *
   * @throws KeyError ERR_KEY unless it is pending
   * @throws RangeError ERR_INVALID_PRIORITY unless the priority is a finite number
   */
  reprioritize(priority: number): void {
    this._queue.reprioritize(this, priority)
  }

  /** For the handler: tells those who added a progress listener to this job's deferreds. Ignored once it is over. */
  report(progress: unknown): void {
    if (this._state !== 'pending' && this._state !== 'underway') return
    const rare = this._more()
    rare.progress = progress
    this._queue._reported(this)
    const watchers = rare.watchers === undefined ? [] : [...rare.watchers]
    this._deferred?.notify(progress)
    for (const watcher of watchers) watcher.notify(progress)
  }

  /** @internal */
  _more(): JobRare<A, R> {
    return (this._rare ??= new JobRare())
  }

  /** @internal It is over. `error` is what its deferreds fail with, if it did not go well; {@link _tell} tells them. */
  _end(state: JobState, now: number, outcome: unknown, error: Failure | undefined): void {
    this._state = state
    this._stopped = now
    this._outcome = outcome
    if (error !== outcome && error !== undefined) this._more().error = error
  }

  /** @internal What its deferreds fire with. */
  _verdict(): unknown {
    return this._state === 'finished' ? this : (this._rare?.error ?? this._outcome)
  }

  /** @internal Why its work is to stop: it is cancelled, or has run out of time. */
  _reason(): unknown {
    const failure = this._outcome as Failure
    const cancelled = this._state === 'cancelled' ? cancelledBecause(failure) : undefined
    return cancelled === undefined ? failure.value : cancelled.reason
  }

  /** @internal Tells its deferreds that it is over. Whether anyone listened, and time may have passed. */
  _tell(): boolean {
    const verdict = this._verdict()
    const deferred = this._deferred
    let heard = false
    if (deferred !== null) {
      this._deferred = null
      heard = hasPairs(deferred)
      fireOnce(deferred, verdict)
    }
    const watchers = this._rare?.watchers
    if (watchers !== undefined) {
      this._more().watchers = undefined
      for (const watcher of watchers) fireOnce(watcher, verdict)
      return true
    }
    return heard
  }
}
