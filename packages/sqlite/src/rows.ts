import type { JobError, JobRecord, JobState } from '@potoroo/queue'

export type Value = string | number | null

/** A row of `jobs`: the columns of {@link COLUMNS}, in their order. */
export type Row = Value[]

export const COLUMNS =
  'seq, id, state, priority, place, due, token, ended, attempt, max_attempts, timeout, ' +
  'queued_time, run_at, start_time, stop_time, key, arg, progress, result, error'

/** A state's number in the database. */
export const STATE: Readonly<Record<JobState, number>> = { pending: 0, underway: 1, finished: 2, failed: 3, cancelled: 4 }
const STATES = Object.keys(STATE) as JobState[]

export function seqOf(row: Row): number {
  return row[0] as number
}
export function priorityOf(row: Row): number {
  return row[3] as number
}
export function placeOf(row: Row): number {
  return row[4] as number
}
export function dueOf(row: Row): number | null {
  return row[5] as number | null
}
export function endedOf(row: Row): number {
  return row[7] as number
}

export function toRecord(queue: string, row: Row): JobRecord {
  return {
    id: row[1] as string,
    queue,
    arg: row[16] as string,
    priority: row[3] as number,
    state: STATES[row[2] as number]!,
    attempt: row[8] as number,
    maxAttempts: row[9] as number,
    key: row[15] as string | null,
    timeout: row[10] as number | null,
    queuedTime: row[11] as number,
    runAt: row[12] as number,
    startTime: row[13] as number | null,
    stopTime: row[14] as number | null,
    result: row[18] as string | null,
    error: row[19] === null ? null : (JSON.parse(row[19] as string) as JobError),
    progress: row[17] as string | null,
    token: row[6] as string | null,
  }
}

export function errorText(error: JobError | null): string | null {
  return error === null ? null : JSON.stringify(error)
}
