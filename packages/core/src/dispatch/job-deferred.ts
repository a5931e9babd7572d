import { Deferred } from '../deferred/deferred.ts'
import type { Job } from './job.ts'

/** A deferred of the finished job that has the job itself from the start. */
export class JobDeferred<A, R> extends Deferred<Job<A, R>> {
  readonly job: Job<A, R>

  /** @internal */
  constructor(job: Job<A, R>, canceller: (deferred: JobDeferred<A, R>, reason?: unknown) => void) {
    super(canceller as (deferred: Deferred<Job<A, R>>, reason?: unknown) => void)
    this.job = job
  }
}

// One canceller for all of a kind: it finds the job in the deferred, so that none needs a closure of its own.

/** For what `put` gives: whoever put the job wants it no more. */
export function cancelJob<A, R>(deferred: JobDeferred<A, R>, reason?: unknown): void {
  deferred.job.cancel(reason)
}

/** For what `watch` gives: the job goes on. */
export function stopWatching<A, R>(deferred: JobDeferred<A, R>): void {
  deferred.job._rare?.watchers?.delete(deferred)
}
