import { describe } from '../deferred/describe.ts'
import { CancelledError, PotorooError } from '../errors.ts'
import type { Job } from './job.ts'

/** A job's handler threw, or ran out of time: `cause` is what it threw, or a {@link TimeoutError}. */
export class JobFailed<J extends { readonly id: string } = Job<unknown, unknown>> extends PotorooError {
  override readonly name = 'JobFailed'
  readonly job: J
  constructor(job: J, cause: unknown) {
    super('ERR_JOB_FAILED', `${job.id} failed: ${describe(cause)}`, { cause })
    this.job = job
  }
}

/** A job was cancelled: `cause` is the reason that was given, a {@link QueueStopped} if its queue was stopped. */
export class JobCancelled<J extends { readonly id: string } = Job<unknown, unknown>> extends CancelledError {
  override readonly code: string = 'ERR_JOB_CANCELLED'
  readonly job: J
  constructor(job: J, reason?: unknown) {
    super(reason, `${job.id} was cancelled`)
    this.job = job
  }
}
