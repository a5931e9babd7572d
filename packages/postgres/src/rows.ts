import type { JobError, JobRecord, JobState, MovingJob, QueueMove, QueueSettings, Rate } from '@potoroo/queue'

/** A row of an answer: see `CREATE TYPE answer`. Numbers are numbers, whatever their size in the database. */
export type Row = readonly (string | number | null)[]

const STATES = ['pending', 'underway', 'finished', 'failed', 'cancelled'] as const satisfies JobState[]
/** A state's number in the database. */
export const STATE = Object.fromEntries(STATES.map((state, i) => [state, i])) as Readonly<Record<JobState, number>>

/** The columns of a job, as an answer has them behind `n` and `info`. */
export const JOB_COLUMNS =
  'queue, seq, id, state, priority, place, due, token, ended, attempt, max_attempts, timeout, queued_time, run_at, ' +
  'start_time, stop_time, key, arg, progress, result, error'

export const nOf = (row: Row): number => row[0] as number
export const infoOf = (row: Row): string | null => row[1] as string | null
export const seqOf = (row: Row): number => row[3] as number
export const priorityOf = (row: Row): number => row[6] as number
export const placeOf = (row: Row): number => row[7] as number
export const dueOf = (row: Row): number => row[8] as number
export const endedOf = (row: Row): number => row[10] as number

export function toRecord(queue: string, row: Row): JobRecord {
  return {
    id: row[4] as string,
    queue,
    arg: row[19] as string,
    priority: row[6] as number,
    state: STATES[row[5] as number]!,
    attempt: row[11] as number,
    maxAttempts: row[12] as number,
    key: keyOf(row[18] as string | null),
    timeout: row[13] as number | null,
    queuedTime: row[14] as number,
    runAt: row[15] as number,
    startTime: row[16] as number | null,
    stopTime: row[17] as number | null,
    result: row[21] as string | null,
    error: row[22] === null ? null : (JSON.parse(row[22] as string) as JobError),
    progress: row[20] as string | null,
    token: row[9] as string | null,
  }
}

export function errorText(error: JobError | null): string | null {
  return error === null ? null : JSON.stringify(error)
}

/** Settings as the database describes them. */
export interface Described {
  readonly width: number | null
  readonly limit: number | null
  readonly per: number | null
  readonly paused: boolean
  readonly heldUntil: number
  readonly move: QueueMove | null
}

export function settingsOf({ width, limit, per, paused, heldUntil, move }: Described): QueueSettings {
  const rate: Rate | null = limit === null || per === null ? null : { limit, per }
  return { width: width ?? Infinity, rate, paused, heldUntil, move }
}

/** A job that is checked out; `info` is its past. */
export function toMoving(queue: string, row: Row): MovingJob {
  const [attempts, log] = JSON.parse(infoOf(row)!) as [string[], string[]]
  return {
    job: toRecord(queue, row),
    attempts: attempts.map((entry) => JSON.parse(entry) as MovingJob['attempts'][number]),
    log: log.map((entry) => JSON.parse(entry) as MovingJob['log'][number]),
    place: placeOf(row),
    delayed: row[8] !== null,
    ended: endedOf(row) ?? 0,
  }
}

/** A job that comes from another store, as a row by its columns' names. */
export function encodeMoving({ job, attempts, log, place, delayed, ended }: MovingJob): object {
  return {
    id: job.id,
    state: STATE[job.state],
    priority: job.priority,
    place,
    due: delayed ? job.runAt : null,
    ended: ended === 0 ? null : ended,
    attempt: job.attempt,
    max_attempts: job.maxAttempts,
    timeout: job.timeout,
    queued_time: job.queuedTime,
    run_at: job.runAt,
    start_time: job.startTime,
    stop_time: job.stopTime,
    key: keyText(job.key),
    arg: job.arg,
    progress: job.progress,
    result: job.result,
    error: errorText(job.error),
    attempts: attempts.map((attempt) => JSON.stringify(attempt)),
    log: log.map((line) => JSON.stringify(line)),
  }
}

/** PostgreSQL's text for an array: quicker to make, and to read there, than an array of JSON objects. */
export function arrayText(values: readonly (string | number | boolean | null)[]): string {
  let text = '{'
  for (let i = 0; i < values.length; i++) {
    if (i > 0) text += ','
    const value = values[i]!
    if (value === null) text += 'NULL'
    else if (typeof value === 'string') text += QUOTED.test(value) ? `"${value.replace(EACH_QUOTED, '\\$&')}"` : `"${value}"`
    else text += String(value)
  }
  return `${text}}`
}

/** A column as `texts` and `numbers` take it: often all its values are one, and then it is that one. */
export function columnOf(values: readonly (string | number | boolean | null)[]): string | { readonly all: string | number | boolean | null } {
  const [first = null] = values
  return values.every((value) => value === first) ? { all: first } : arrayText(values)
}
const QUOTED = /["\\]/
const EACH_QUOTED = /["\\]/g

/** Whether PostgreSQL can keep a text: it has no zero characters, and no halves of surrogate pairs. */
export function isStorable(text: string): boolean {
  return !/\0|\p{Surrogate}/u.test(text)
}

/** A key is any text: one that PostgreSQL cannot keep is kept as JSON, behind a mark. */
const MARK = '\u0001'

export function keyText(key: string | null): string | null {
  return key === null || (isStorable(key) && !key.startsWith(MARK)) ? key : MARK + JSON.stringify(key)
}

function keyOf(text: string | null): string | null {
  return text?.startsWith(MARK) ? (JSON.parse(text.slice(MARK.length)) as string) : text
}
