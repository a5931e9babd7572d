import type { Failure } from '../deferred/failure.ts'
import type { Job } from './job.ts'
import type { JobDeferred } from './job-deferred.ts'

/** What few jobs need, kept apart so that the others stay small. */
export class JobRare<A, R> {
  progress: unknown = undefined
  watchers: Set<JobDeferred<A, R>> | undefined = undefined
  /** What its deferreds fail with, where that is not the failure of its work. */
  error: Failure | undefined = undefined

  /** What its handler put while it was being called, and could not start at once. */
  children: Job<A, R>[] | undefined = undefined
  /** Whether a promise has taken its deferred on. */
  adopted = false

  /** How long it may run, in milliseconds; the timer of that, while it runs. */
  timeout = Infinity
  timer: unknown = undefined
  /** The signal it was put with, while it may still be cancelled by that. */
  outerSignal: AbortSignal | undefined = undefined

  /** Made when somebody asks for the signal. */
  controller: AbortController | undefined = undefined
  /** Whether it has run out of time. */
  late = false
}
