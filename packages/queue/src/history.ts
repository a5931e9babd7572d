import { cut } from './errors.ts'
import type { JobError, JobRecord } from './record.ts'

/** How an attempt ended. `lost`: its process died, or lost its lease. */
export type AttemptOutcome = 'finished' | 'failed' | 'cancelled' | 'lost'

/**
 * One attempt of a job. Those that were given back (RetryAfter, a stop) do not count as attempts, and are none. Times are
 * milliseconds since the epoch.
 */
export interface AttemptRecord {
  /** Its number, from 1; a job that is retried after it was over begins at 1 again. */
  readonly attempt: number
  readonly startTime: number
  /** Null while it is underway. */
  readonly stopTime: number | null
  /** Null while it is underway. */
  readonly outcome: AttemptOutcome | null
  /** What it failed with, or why it was cancelled. */
  readonly error: JobError | null
}

/** A line that a handler has logged. */
export interface LogLine {
  /** Milliseconds since the epoch. */
  readonly time: number
  readonly attempt: number
  readonly message: string
}

/** What is kept of a job's past: the latest {@link KEPT_ATTEMPTS} attempts and {@link KEPT_LINES} lines, the oldest first. */
export interface JobHistory {
  readonly attempts: readonly AttemptRecord[]
  readonly log: readonly LogLine[]
}

/**
 * What a store keeps of a job's past. The attempt that is underway, or that finished the job, is not among the attempts:
 * the job itself says all of it, and most jobs, done at the first attempt, leave nothing else to be kept.
 */
export interface StoredHistory extends JobHistory {
  readonly job: JobRecord
}

/** How many attempts of a job are kept: the latest. */
export const KEPT_ATTEMPTS = 50
/** How many lines of a job's log are kept: the latest. */
export const KEPT_LINES = 200
/** How many characters of a line are kept: the first. With {@link KEPT_LINES} this bounds the log's size. */
export const LINE_LENGTH = 1_000

/** An attempt that has ended now and did not finish its job: what a store is to keep of it. */
export function endedAttempt(
  { attempt, startTime }: JobRecord,
  outcome: Exclude<AttemptOutcome, 'finished'>,
  error: JobError | null,
  now: number,
): AttemptRecord {
  return { attempt, startTime: startTime ?? now, stopTime: now, outcome, error }
}

/** A line as it is kept. */
export function logLine(time: number, attempt: number, message: string): LogLine {
  return { time, attempt, message: cut(String(message), LINE_LENGTH) }
}

/** All that is known of a job's past: what is kept, and the attempt that the job speaks of itself. */
export function wholeHistory({ job, attempts, log }: StoredHistory): JobHistory {
  const { state, attempt, startTime, stopTime } = job
  if (state !== 'underway' && state !== 'finished') return { attempts, log }
  const present: AttemptRecord = {
    attempt,
    startTime: startTime!,
    stopTime: state === 'finished' ? stopTime : null,
    outcome: state === 'finished' ? 'finished' : null,
    error: null,
  }
  return { attempts: [...attempts, present].slice(-KEPT_ATTEMPTS), log }
}
