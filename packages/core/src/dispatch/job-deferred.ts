import { Deferred } from '../deferred/deferred.ts'
import type { Job } from './job.ts'

const { toString } = Function.prototype

/** A deferred of the finished job that has the job itself from the start. */
export class JobDeferred<A, R> extends Deferred<Job<A, R>> {
  readonly job: Job<A, R>

  /** @internal */
  constructor(job: Job<A, R>, canceller: (deferred: JobDeferred<A, R>, reason?: unknown) => void) {
    super(canceller as (deferred: Deferred<Job<A, R>>, reason?: unknown) => void)
    this.job = job
  }

  /** As any deferred's. One that was put by a handler notes whether it is a promise that waits: see Deadlocks. */
  override then<R1 = Job<A, R>, R2 = never>(
    onFulfilled?: ((job: Job<A, R>) => R1 | PromiseLike<R1>) | null,
    onRejected?: ((reason: unknown) => R2 | PromiseLike<R2>) | null,
  ): Promise<R1 | R2> {
    const rare = this.job._rare
    if (rare !== null && !this.called && isNative(onFulfilled)) {
      rare.adopted = true
      this.job._queue._suspect()
    }
    return super.then(onFulfilled, onRejected)
  }
}

/** `await`, `Promise.all` and `resolve(deferred)` call `then` with the platform's own functions. */
function isNative(fn: unknown): boolean {
  return typeof fn === 'function' && toString.call(fn).includes('[native code]')
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
