import { type JobRecord, isOver, type NewJob } from '@potoroo/queue'
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { QueueRow } from './queue-row.ts'
import { COLUMNS, errorText, type Row, STATE } from './rows.ts'

/** Claimable: what the index `jobs_line` holds. */
export const IN_LINE = 'queue = ? AND state = 0 AND token IS NULL AND due IS NULL'

/** The statements on `jobs` that keep its bookkeeping: counts, places in the line, numbers of what is over. */
export class JobTable {
  readonly #database: DatabaseSync
  readonly #cache = new Map<string, StatementSync>()
  readonly #insert: StatementSync
  readonly #update: StatementSync
  readonly #settle: StatementSync
  readonly #claim: StatementSync
  /** Where the jobs are that are claimed in this process: saves looking them up by id. */
  readonly #claimed = new Map<string, number>()
  readonly #find: StatementSync
  readonly #delete: StatementSync

  constructor(database: DatabaseSync) {
    this.#database = database
    this.#insert = database.prepare(
      `INSERT INTO jobs (queue, id, state, priority, place, due, attempt, max_attempts, timeout, queued_time, run_at, key, arg)
       VALUES (?, ?, 0, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?)`,
    )
    const set = `state = ?, priority = ?, place = ?, due = ?, token = ?, ended = ?, attempt = ?, run_at = ?, start_time = ?,
      stop_time = ?, progress = ?, result = ?, error = ?`
    this.#update = database.prepare(`UPDATE jobs SET ${set} WHERE seq = ?`)
    this.#settle = database.prepare(
      `UPDATE jobs SET state = ?, due = ?, token = ?, ended = ?, attempt = ?, run_at = ?, start_time = ?, stop_time = ?,
      progress = ?, result = ?, error = ? WHERE seq = ? AND token = ? AND state = 1`,
    )
    this.#claim = database.prepare(
      'UPDATE jobs SET state = 1, token = ?, attempt = attempt + 1, start_time = ?, progress = NULL WHERE seq = ?',
    )
    this.#find = database.prepare('SELECT seq FROM jobs WHERE id = ?')
    this.#delete = database.prepare('DELETE FROM jobs WHERE seq = ?')
  }

  /** Rows by a query that is prepared once; `where` starts behind WHERE. */
  select(where: string, ...values: (string | number)[]): Row[] {
    let statement = this.#cache.get(where)
    if (statement === undefined) {
      statement = this.#database.prepare(`SELECT ${COLUMNS} FROM jobs WHERE ${where}`)
      statement.setReturnArrays(true)
      this.#cache.set(where, statement)
    }
    return statement.all(...values) as unknown as Row[]
  }

  insert(queue: QueueRow, job: NewJob, now: number): void {
    queue.pending++
    const due = job.runAt > now ? job.runAt : null
    this.#insert.run(
      queue.id,
      job.id,
      job.priority,
      ++queue.joined,
      due,
      job.maxAttempts,
      job.timeout,
      now,
      job.runAt,
      job.key,
      job.arg,
    )
  }

  /** Gives a job that is in line to an attempt, as `transition` has it. */
  claim(queue: QueueRow, seq: number, job: JobRecord): void {
    this.#claim.run(job.token, job.startTime, seq)
    this.#claimed.set(job.id, seq)
    queue.pending--
    queue.underway++
    queue.places++
  }

  /**
   * Records what an attempt came to, if the job still has its token and is underway: the fence. The job keeps its place
   * in the line for the case that it was put back. Gives its `seq` if it was recorded.
   */
  settle(queue: QueueRow, token: string, job: JobRecord, now: number): number | undefined {
    const seq = this.#claimed.get(job.id) ?? this.#seqOf(job.id)
    if (seq === undefined) return undefined
    const ended = isOver(job.state) ? queue.ended + 1 : null
    const { changes } = this.#settle.run(
      STATE[job.state],
      dueOf(job, now),
      job.token,
      ended,
      job.attempt,
      job.runAt,
      job.startTime,
      job.stopTime,
      job.progress,
      job.result,
      errorText(job.error),
      seq,
      token,
    )
    if (changes === 0 || job.state !== 'underway') this.#claimed.delete(job.id)
    if (changes === 0) return undefined
    if (ended !== null) queue.ended = ended
    queue.underway--
    queue[job.state]++
    if (job.token === null) queue.places--
    return seq
  }

  /** Writes a job as it is after an event; `place` is where it stands in the line. */
  write(queue: QueueRow, seq: number, place: number, before: JobRecord, after: JobRecord, ended: number | null, now: number): void {
    if (isOver(after.state) && !isOver(before.state)) ended = ++queue.ended
    else if (!isOver(after.state)) ended = null
    if (after.state !== 'underway') this.#claimed.delete(after.id)
    queue[before.state]--
    queue[after.state]++
    queue.places += Number(after.token !== null) - Number(before.token !== null)
    this.#update.run(
      STATE[after.state],
      after.priority,
      place,
      dueOf(after, now),
      after.token,
      ended,
      after.attempt,
      after.runAt,
      after.startTime,
      after.stopTime,
      after.progress,
      after.result,
      errorText(after.error),
      seq,
    )
  }

  #seqOf(id: string): number | undefined {
    return (this.#find.get(id) as { seq: number } | undefined)?.seq
  }

  delete(seq: number): void {
    this.#delete.run(seq)
  }
}

function dueOf(job: JobRecord, now: number): number | null {
  return job.state === 'pending' && job.runAt > now ? job.runAt : null
}
