import { describe } from '../deferred/describe.ts'
import { Cancellation } from '../deferred/failure.ts'
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

/** Stands for a JobCancelled that nobody has looked at yet: whoever clears a queue cancels thousands. */
export class JobCancellation extends Cancellation {
  readonly job: Job<unknown, unknown>

  constructor(job: Job<unknown, unknown>, reason: unknown) {
    super(reason)
    this.job = job
  }

  override toError(): JobCancelled {
    return new JobCancelled(this.job, this.reason)
  }
}

/**
 * All places of a queue are taken by jobs whose handlers wait for other jobs of the same queue, which cannot start: a wider
 * queue would go on, and so would one whose handlers do not wait for what they put.
 */
export class QueueDeadlock<J extends { readonly id: string } = Job<unknown, unknown>> extends PotorooError {
  override readonly name = 'QueueDeadlock'
  /** Those that are underway. */
  readonly jobs: readonly J[]
  constructor(jobs: readonly J[], pending: number) {
    const [first] = jobs
    const which = jobs.length === 1 ? `the only job underway (${first?.id}) waits` : `all ${jobs.length} jobs underway (${first?.id}, …) wait`
    super(
      'ERR_QUEUE_DEADLOCK',
      `Deadlock: ${which} for jobs of the same queue, and none of the ${pending} pending can start. Widen the queue, or let handlers not wait for what they put into their own queue`,
    )
    this.jobs = jobs
  }
}
