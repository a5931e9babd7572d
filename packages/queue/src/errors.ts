import { PotorooError, usageError } from 'potoroo'
import type { JobError, JobRecord } from './record.ts'

/** Thrown by a handler: the job fails at once, however many attempts are left. */
export class Permanent extends PotorooError {
  override readonly name = 'Permanent'
  constructor(cause: unknown) {
    super('ERR_PERMANENT', toJobError(cause).message, { cause })
  }
}

/**
 * Thrown by a handler: not now. The job goes back without having used up an attempt, and the *whole queue* starts nothing for
 * `ms` milliseconds, as a carrier's 429 asks for.
 */
export class RetryAfter extends PotorooError {
  override readonly name = 'RetryAfter'
  /** Milliseconds. */
  readonly ms: number
  constructor(ms: number) {
    super('ERR_RETRY_AFTER', `Asked to wait for ${ms} ms`)
    this.ms = Number.isFinite(ms) && ms > 0 ? ms : 0
  }
}

/** There is no such job in this queue; it may have been deleted, for jobs that are over are kept for a time only. */
export class JobNotFound extends PotorooError {
  override readonly name = 'JobNotFound'
  constructor(id: string) {
    super('ERR_JOB_NOT_FOUND', `There is no job ${id} in this queue; jobs that are over are kept for a time only: see keep`)
  }
}

/** The job is not here any more: its queue is moving to another store, or has moved. */
export class JobMoved extends PotorooError {
  override readonly name = 'JobMoved'
  constructor(id: string) {
    super('ERR_JOB_MOVED', `Job ${id} is not in this store: its queue moves, or has moved, to another one; look for it there`)
  }
}

/** The queue has moved to another store: there it is to be opened. */
export class QueueMoved extends PotorooError {
  override readonly name = 'QueueMoved'
  constructor(queue: string) {
    super('ERR_QUEUE_MOVED', `The queue ${queue} has moved to another store; open it there`)
  }
}

/** The queue is still on its way to this store, and takes nothing yet. */
export class QueueArriving extends PotorooError {
  override readonly name = 'QueueArriving'
  constructor(queue: string) {
    super('ERR_QUEUE_ARRIVING', `The queue ${queue} is still being moved to this store; until it has arrived, put to the old one`)
  }
}

const MOVE_ERRORS = {
  ERR_QUEUE_NOT_FOUND: 'there is no such queue in the store that it is to be moved from',
  ERR_QUEUE_EXISTS: 'the other store has a queue of this name with jobs of its own; a queue moves to where there is none',
  ERR_MOVE_ELSEWHERE: 'another move of it has begun, from or to another store; run that one again, until it is done',
}

/** A queue cannot be moved like this. */
export class MoveError extends PotorooError {
  override readonly name = 'MoveError'
  constructor(code: keyof typeof MOVE_ERRORS, queue: string) {
    super(code, `The queue ${queue} cannot be moved: ${MOVE_ERRORS[code]}`)
  }
}

export type ConflictCode =
  | 'ERR_JOB_OVER'
  | 'ERR_JOB_NOT_PENDING'
  | 'ERR_JOB_NOT_OVER'
  | 'ERR_JOB_NOT_UNDERWAY'
  | 'ERR_JOB_KEY_TAKEN'

const CONFLICTS: Record<ConflictCode, string> = {
  ERR_JOB_OVER: 'it is over already, and cannot be cancelled',
  ERR_JOB_NOT_PENDING: 'only a pending job can be moved or started',
  ERR_JOB_NOT_OVER: 'only a failed or cancelled job can be retried',
  ERR_JOB_NOT_UNDERWAY: 'it is not underway',
  ERR_JOB_KEY_TAKEN: 'another job with its key is pending or underway',
}

/** The job's state does not allow this. */
export class JobConflict extends PotorooError {
  override readonly name = 'JobConflict'
  /** The job as it stands. */
  readonly record: JobRecord
  constructor(code: ConflictCode, record: JobRecord) {
    super(code, `Job ${record.id} is ${record.state}: ${CONFLICTS[code]}`)
    this.record = record
  }
}

/** The store could not do it; nothing of what was asked is done. */
export class StoreError extends PotorooError {
  override readonly name = 'StoreError'
}

/** What was asked needs a store whose transactions others can join. */
export function noTransactions(): TypeError {
  return usageError(TypeError, 'ERR_NO_TRANSACTIONS', "This store has no transactions that others can join; PostgreSQL's has")
}

/** The error of an attempt whose handler returned, and whose transaction did not finish the job after all. */
export function rolledBack(): PotorooError {
  return new PotorooError('ERR_ROLLED_BACK', 'The transaction that completed the job was rolled back')
}

/** The error of a job whose process died during each of its attempts: it is not allowed to crash workers for ever. */
export const POISONED: JobError = {
  name: 'PoisonedJob',
  message: 'Its process died during the last attempt it had; look into why before you retry it',
  code: 'ERR_POISONED_JOB',
}

/** How many characters of an error's message are kept: the first. Some carry a whole web page. */
const MESSAGE_LENGTH = 4_000
const NAME_LENGTH = 200

/** An error as it is stored, whatever was thrown: there are values that cannot even be looked at. */
export function toJobError(value: unknown): JobError {
  try {
    if (typeof value === 'object' && value !== null) {
      const { name, message, code } = value as { name?: unknown; message?: unknown; code?: unknown }
      if (typeof message === 'string') {
        return {
          name: typeof name === 'string' ? cut(name, NAME_LENGTH) : 'Error',
          message: cut(message, MESSAGE_LENGTH),
          code: typeof code === 'string' || typeof code === 'number' ? cut(String(code), NAME_LENGTH) : null,
        }
      }
    }
    return { name: 'Error', message: cut(String(value), MESSAGE_LENGTH), code: null }
  } catch {
    return { name: 'Error', message: 'Something was thrown that has no text', code: null }
  }
}

/** An error that was stored, as one again. Where it was thrown is not known any more. */
export function fromJobError({ name, message, code }: JobError): Error {
  return Object.assign(new Error(message), { name, code, stack: `${name}: ${message}` })
}

/** What was thrown, or, of what cannot even be looked at (a revoked proxy), what comes of trying. */
export function lookable(thrown: unknown): unknown {
  try {
    void (thrown instanceof Error)
    return thrown
  } catch (error) {
    return error
  }
}

/** A text's first characters, with a mark that there were more. */
export function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text
}
