import { LATEST_TIME } from './checks.ts'
import { Permanent, RetryAfter, toJobError } from './errors.ts'
import { type AttemptRecord, endedAttempt } from './history.ts'
import type { JobRecord } from './record.ts'
import { transition } from './transition.ts'

/** What the queue does after an attempt that failed. */
export interface RetryRules {
  /** Milliseconds to wait after the given attempt, from 1. */
  delayAfter(attempt: number): number
}

/** A job after its handler threw, until when the whole queue is to be held back (0 for not at all), and the attempt if it counts. */
export function afterFailure(
  job: JobRecord,
  thrown: unknown,
  now: number,
  rules: RetryRules,
): { readonly job: JobRecord; readonly holdUntil: number; readonly ended?: AttemptRecord } {
  if (thrown instanceof RetryAfter) {
    return { job: transition(job, { type: 'putBack' }), holdUntil: later(now, thrown.ms) }
  }
  const last = thrown instanceof Permanent || job.attempt >= job.maxAttempts
  let error = toJobError(thrown instanceof Permanent ? thrown.cause : thrown)
  let retryAt: number | null = null
  try {
    if (!last) retryAt = later(now, rules.delayAfter(job.attempt))
  } catch (broken) {
    // Nobody can say when to try again.
    error = toJobError(broken)
  }
  return { job: transition(job, { type: 'fail', error, retryAt, now }), holdUntil: 0, ended: endedAttempt(job, 'failed', error, now) }
}

/** The delays of an iterable by attempt; past its end, the last one again. */
export function retryRules(delays: Iterable<number>): RetryRules {
  return {
    delayAfter(attempt) {
      let delay = 0
      let at = 0
      for (const each of delays) {
        delay = each
        if (++at >= attempt) break
      }
      return Number.isFinite(delay) && delay > 0 ? delay : 0
    },
  }
}

/** A time that every store can keep: in whole milliseconds, and no later than a Date can be. */
function later(now: number, ms: number): number {
  return Math.min(Math.ceil(now + ms), LATEST_TIME)
}
