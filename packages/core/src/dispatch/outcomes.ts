import type { Clock } from '../clock.ts'
import { Failure } from '../deferred/failure.ts'
import { TimeoutError } from '../errors.ts'
import type { Job } from './job.ts'
import { JobCancellation, JobFailed } from './job-errors.ts'
import { Signals } from './signals.ts'
import { withoutStack } from '../deferred/without-stack.ts'

/** Jobs cancelled because of jobs that were cancelled: beyond this depth, a loop further out stops their work. */
const DEEPEST = 50

/** How a queue's jobs come to be over: because their work has ended, because of their signal, their time, or their owner. */
export class Outcomes<A, R> {
  /** How many there have been; those that were refused do not count. */
  finished = 0
  failed = 0
  cancelled = 0
  /** How long the last ones have taken, in milliseconds: the later, the more each counts. NaN as long as none is over. */
  meanDuration = NaN
  /** Told of each job that is over, before anybody else; for {@link Events}. */
  changed: ((job: Job<A, R>) => void) | null = null
  readonly #clock: Clock
  readonly #now: () => number
  readonly #signals = new Signals<A, R>()
  /** How many jobs' work is being stopped, each because of the one before. */
  #depth = 0
  #toStop: Job<A, R>[] = []

  /** @param now the time as jobs keep it */
  constructor(clock: Clock, now: () => number) {
    this.#clock = clock
    this.#now = now
  }

  /** A job's work has ended, with a result or a Failure. Whether anyone has listened. */
  ended(job: Job<A, R>, now: number, outcome: unknown, failed: boolean): boolean {
    if (failed) {
      this.failed++
      job._end('failed', now, outcome, jobFailed(job, outcome as Failure))
    } else {
      this.finished++
      job._end('finished', now, outcome, undefined)
    }
    const duration = now - (job._started as number)
    const mean = this.meanDuration
    this.meanDuration = Number.isNaN(mean) ? duration : mean + (duration - mean) / 8
    if (job._rare !== null) this.#letGo(job)
    if (this.changed !== null) this.changed(job)
    return job._tell()
  }

  /** The queue does not take the job. */
  refuse(job: Job<A, R>, error: unknown): void {
    const failure = new Failure(error)
    job._end('failed', job._queued, failure, failure)
    this.#letGo(job)
    job._tell()
  }

  /** The job, which is not over, and no longer in any line, is cancelled. */
  cancel(job: Job<A, R>, reason: unknown): void {
    const failure = new Failure<unknown>(new JobCancellation(job as Job<unknown, unknown>, reason))
    this.cancelled++
    job._end('cancelled', this.#now(), failure, failure)
    this.changed?.(job)
    this.#abandon(job)
  }

  /** Cancels the job when `signal` is aborted; at once if it is. */
  cancelOn(job: Job<A, R>, signal: AbortSignal): void {
    if (signal.aborted) job.cancel(signal.reason)
    else this.#signals.add(signal, job)
  }

  /** The job starts: from now on its time counts. */
  started(job: Job<A, R>): void {
    const rare = job._rare
    if (rare === null || rare.timeout === Infinity) return
    rare.timer = this.#clock.setTimeout(() => this.#late(job, rare.timeout), rare.timeout)
  }

  #late(job: Job<A, R>, timeout: number): void {
    const failure = new Failure(withoutStack(() => new TimeoutError(timeout)))
    this.failed++
    job._end('failed', this.#now(), failure, jobFailed(job, failure))
    job._more().late = true
    this.changed?.(job)
    this.#abandon(job)
  }

  /** A job is over before its work is: takes down what was set up for it, stops the work, and tells its deferreds. */
  #abandon(job: Job<A, R>): void {
    this.#letGo(job)
    if (this.#depth >= DEEPEST) {
      this.#toStop.push(job)
      return
    }
    this.#depth++
    try {
      stopWork(job)
      while (this.#toStop.length > 0) for (const next of this.#toStop.splice(0)) stopWork(next)
    } finally {
      this.#depth--
    }
  }

  #letGo(job: Job<A, R>): void {
    const rare = job._rare
    if (rare === null) return
    if (rare.timer !== undefined) this.#clock.clearTimeout(rare.timer)
    rare.timer = undefined
    if (rare.outerSignal !== undefined) this.#signals.remove(job, rare.outerSignal)
    rare.outerSignal = undefined
  }
}

function stopWork<A, R>(job: Job<A, R>): void {
  const controller = job._rare?.controller
  const work = job._work
  try {
    controller?.abort(job._reason())
    work?.cancel(job._reason())
  } finally {
    job._tell()
  }
}

function jobFailed<A, R>(job: Job<A, R>, failure: Failure): Failure {
  return new Failure(withoutStack(() => new JobFailed(job, failure.value)))
}
