import type { Explanation as ExplanationJson, History, Job, Queue } from '@potoroo/protocol'
import type { DurableJob, Explanation, JobError, JobHistory, QueueStatus } from '@potoroo/queue'

/** A job as it travels. */
export function toJobJson(job: DurableJob): Job {
  const { id, queue, arg, priority, state, attempt, maxAttempts, key, timeout, error, progress } = job
  return {
    id,
    queue,
    arg,
    priority,
    state,
    attempt,
    maxAttempts,
    key,
    timeout,
    queuedTime: toTime(job.queuedTime),
    runAt: toTime(job.runAt),
    startTime: toTimeOrNull(job.startTime),
    stopTime: toTimeOrNull(job.stopTime),
    result: job.result ?? null,
    error: toErrorJson(error),
    progress: progress ?? null,
  }
}

/** A queue as it travels. */
export function toQueueJson(name: string, status: QueueStatus, now: number): Queue {
  const { width, rate, paused, heldUntil, places, counts } = status
  return {
    name,
    width: Number.isFinite(width) ? width : null,
    rate: rate === null ? null : { limit: rate.limit, per: rate.per },
    paused,
    heldUntil: heldUntil > now ? toTime(heldUntil) : null,
    places,
    counts: {
      pending: counts.pending,
      underway: counts.underway,
      finished: counts.finished,
      failed: counts.failed,
      cancelled: counts.cancelled,
    },
  }
}

export function toExplanationJson({ state, position, blockedBy, estimatedStart }: Explanation): ExplanationJson {
  return { state, position, blockedBy, estimatedStart: toTimeOrNull(estimatedStart) }
}

export function toHistoryJson({ attempts, log }: JobHistory): History {
  return {
    attempts: attempts.map(({ attempt, startTime, stopTime, outcome, error }) => ({
      attempt,
      startTime: toTime(startTime),
      stopTime: toTimeOrNull(stopTime),
      outcome,
      error: toErrorJson(error),
    })),
    log: log.map(({ time, attempt, message }) => ({ time: toTime(time), attempt, message })),
  }
}

function toErrorJson(error: JobError | null): Job['error'] {
  return error === null ? null : { name: error.name, message: error.message, code: error.code }
}

/** The last millisecond that is written with a year of four digits, as every reader expects. */
const LAST = Date.UTC(9999, 11, 31, 23, 59, 59, 999)

function toTime(ms: number): string {
  return new Date(Math.min(Math.max(ms, 0), LAST)).toISOString()
}

function toTimeOrNull(ms: number | null): string | null {
  return ms === null ? null : toTime(ms)
}
