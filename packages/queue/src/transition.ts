import { JobConflict, POISONED } from './errors.ts'
import { isOver, type JobError, type JobRecord } from './record.ts'
import type { NewJob } from './store.ts'

/** A job as it begins: pending. */
export function newRecord(queue: string, job: NewJob, now: number): JobRecord {
  // Spelled out: a copy that grows costs twice as much, and every job is made here.
  return {
    id: job.id,
    queue,
    arg: job.arg,
    priority: job.priority,
    state: 'pending',
    attempt: 0,
    maxAttempts: job.maxAttempts,
    key: job.key,
    timeout: job.timeout,
    queuedTime: now,
    runAt: job.runAt,
    startTime: null,
    stopTime: null,
    result: null,
    error: null,
    progress: null,
    token: null,
  }
}

/** What can happen to a job that exists. */
export type JobEvent =
  /** A worker takes it: an attempt begins, and holds a place until it is released. */
  | { readonly type: 'claim'; readonly token: string; readonly now: number }
  /** The handler gave a result (JSON text). */
  | { readonly type: 'finish'; readonly result: string; readonly now: number }
  /** The attempt failed; `retryAt` is when to try again, or null for never. */
  | { readonly type: 'fail'; readonly error: JobError; readonly retryAt: number | null; readonly now: number }
  /** Not this time: the attempt does not count. */
  | { readonly type: 'putBack' }
  /** Its worker died. */
  | { readonly type: 'lose'; readonly now: number }
  /** The attempt's work has really ended. */
  | { readonly type: 'release' }
  | { readonly type: 'report'; readonly progress: string }
  | { readonly type: 'cancel'; readonly error: JobError | null; readonly now: number }
  | { readonly type: 'reprioritize'; readonly priority: number }
  /** Once more from the start, though it was over. */
  | { readonly type: 'retry'; readonly now: number }

/**
 * The job after an event: the one place that knows what may happen to a job when. Pure; every store applies it.
 *
 * @throws JobConflict ERR_JOB_OVER, ERR_JOB_NOT_PENDING, ERR_JOB_NOT_OVER or ERR_JOB_NOT_UNDERWAY if the job's state does
 * not allow the event
 */
export function transition(job: JobRecord, event: JobEvent): JobRecord {
  switch (event.type) {
    case 'claim':
      if (job.state !== 'pending' || job.token !== null) throw new JobConflict('ERR_JOB_NOT_PENDING', job)
      return {
        ...job,
        state: 'underway',
        token: event.token,
        attempt: job.attempt + 1,
        startTime: event.now,
        progress: null,
      }
    case 'finish':
      return { ...underway(job), state: 'finished', result: event.result, error: null, stopTime: event.now }
    case 'fail':
      return event.retryAt === null
        ? { ...underway(job), state: 'failed', error: event.error, stopTime: event.now }
        : { ...underway(job), state: 'pending', error: event.error, runAt: event.retryAt }
    case 'putBack':
      return { ...underway(job), state: 'pending', attempt: job.attempt - 1 }
    case 'lose':
      if (job.state !== 'underway') return { ...job, token: null }
      return job.attempt < job.maxAttempts
        ? { ...job, state: 'pending', token: null }
        : { ...job, state: 'failed', token: null, error: POISONED, stopTime: event.now }
    case 'release':
      return { ...job, token: null }
    case 'report':
      return { ...underway(job), progress: event.progress }
    case 'cancel':
      if (isOver(job.state)) throw new JobConflict('ERR_JOB_OVER', job)
      return { ...job, state: 'cancelled', error: event.error, stopTime: event.now }
    case 'reprioritize':
      if (job.state !== 'pending') throw new JobConflict('ERR_JOB_NOT_PENDING', job)
      return { ...job, priority: event.priority }
    case 'retry':
      if (job.state !== 'failed' && job.state !== 'cancelled') throw new JobConflict('ERR_JOB_NOT_OVER', job)
      return { ...job, state: 'pending', attempt: 0, runAt: event.now, error: null, stopTime: null, progress: null }
  }
}

function underway(job: JobRecord): JobRecord {
  if (job.state !== 'underway') throw new JobConflict('ERR_JOB_NOT_UNDERWAY', job)
  return job
}
