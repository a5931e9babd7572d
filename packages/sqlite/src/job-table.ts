import { type JobRecord, isOver, type NewJob } from '@potoroo/queue'
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { QueueRow } from './queue-row.ts'
import { COLUMNS, errorText, type Row, seqOf, STATE } from './rows.ts'

/** Claimable: what the index `jobs_line` holds. */
export const IN_LINE = 'queue = ? AND state = 0 AND token IS NULL AND due IS NULL'

/** The jobs that are next; values: the queue, and how many. */
export const FIRST_IN_LINE = `${IN_LINE} ORDER BY priority, place LIMIT ?`

/** How many rows are inserted by one statement: a statement costs as much as the row it writes. */
const ROWS = 20
/** Values of one row. */
const VALUES = 11

/** The statements on `jobs` that keep its bookkeeping: counts, places in the line, numbers of what is over. */
export class JobTable {
  readonly #database: DatabaseSync
  readonly #cache = new Map<string, StatementSync>()
  readonly #insert: StatementSync
  readonly #insertRows: StatementSync
  readonly #update: StatementSync
  readonly #settle: StatementSync
  readonly #finish: StatementSync
  readonly #claim: StatementSync
  /** Where the jobs are that are claimed in this process: saves looking them up by id. */
  readonly #claimed = new Map<string, number>()
  readonly #find: StatementSync
  readonly #delete: StatementSync
  /** Values of jobs that are still to be inserted, {@link VALUES} each; nothing else reads or writes while there are any. */
  #toInsert: (string | number | null)[] = []
  readonly #take: StatementSync

  constructor(database: DatabaseSync) {
    this.#database = database
    const insert = (rows: number): StatementSync =>
      database.prepare(
        `INSERT INTO jobs (queue, id, state, priority, place, due, attempt, max_attempts, timeout, queued_time, run_at, key, arg)
         VALUES ${Array.from({ length: rows }, () => '(?, ?, 0, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?)').join(', ')}`,
      )
    this.#insert = insert(1)
    this.#insertRows = insert(ROWS)
    const set = `state = ?, priority = ?, place = ?, due = ?, token = ?, ended = ?, attempt = ?, run_at = ?, start_time = ?,
      stop_time = ?, progress = ?, result = ?, error = ?`
    this.#update = database.prepare(`UPDATE jobs SET ${set} WHERE seq = ?`)
    this.#settle = database.prepare(
      `UPDATE jobs SET state = ?, due = ?, token = ?, ended = ?, attempt = ?, run_at = ?, start_time = ?, stop_time = ?,
      progress = ?, result = ?, error = ? WHERE seq = ? AND token = ? AND state = 1`,
    )
    this.#finish = database.prepare(
      `UPDATE jobs SET state = 2, token = ?, ended = ?, start_time = ?, stop_time = ?, progress = ?, result = ?, error = NULL
       WHERE seq = ? AND token = ? AND state = 1`,
    )
    this.#claim = database.prepare(
      `UPDATE jobs SET state = 1, token = ?, attempt = attempt + 1, start_time = ?, progress = NULL
       WHERE seq IN (SELECT seq FROM jobs WHERE ${FIRST_IN_LINE})`,
    )
    this.#find = database.prepare('SELECT seq FROM jobs WHERE id = ?')
    this.#take = database.prepare(
      `INSERT INTO jobs (queue, id, state, priority, place, due, ended, attempt, max_attempts, timeout, queued_time, run_at,
       start_time, stop_time, key, arg, progress, result, error) VALUES (${Array(19).fill('?').join(', ')})`,
    )
    this.#delete = database.prepare('DELETE FROM jobs WHERE seq = ?')
  }

  /** Rows by a query that is prepared once; `where` starts behind WHERE. */
  select(where: string, ...values: (string | number)[]): Row[] {
    this.flush()
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
    this.#toInsert.push(queue.id, job.id, job.priority, ++queue.joined, due, job.maxAttempts, job.timeout, now, job.runAt, job.key, job.arg)
    if (this.#toInsert.length === ROWS * VALUES) this.#insertRows.run(...this.#toInsert.splice(0))
  }

  /** Writes what {@link insert} has held back for a larger statement. */
  flush(): void {
    if (this.#toInsert.length === 0) return
    const values = this.#toInsert.splice(0)
    for (let at = 0; at < values.length; at += VALUES) this.#insert.run(...values.slice(at, at + VALUES))
  }

  /** After a rollback: what was held back was never put, and what was claimed was not. */
  forget(): void {
    this.#toInsert = []
    this.forgetClaims()
  }

  /** A lease was lost: of what was claimed under it, nothing may ever be said. */
  forgetClaims(): void {
    this.#claimed.clear()
  }

  /** Gives the first jobs in line, which were just selected as `rows`, to an attempt, as `transition` has it. */
  claim(queue: QueueRow, rows: readonly Row[], claimed: readonly JobRecord[], token: string, now: number): void {
    this.#claim.run(token, now, queue.id, rows.length)
    for (const [i, row] of rows.entries()) this.#claimed.set(claimed[i]!.id, seqOf(row))
    queue.pending -= rows.length
    queue.underway += rows.length
    queue.places += rows.length
  }

  /**
   * Records what an attempt came to, if the job still has its token and is underway: the fence. The job keeps its place
   * in the line for the case that it was put back. Gives its `seq` if it was recorded.
   */
  settle(queue: QueueRow, token: string, job: JobRecord, now: number): number | undefined {
    const seq = this.#claimed.get(job.id) ?? this.#seqOf(job.id)
    if (seq === undefined) return undefined
    this.flush()
    const ended = isOver(job.state) ? queue.ended + 1 : null
    const { changes } = job.state === 'finished' ? this.#finishJob(seq, token, job, ended!) : this.#settle.run(
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

  /** As most attempts end: with fewer columns to write. */
  #finishJob(seq: number, token: string, { token: held, startTime, stopTime, progress, result }: JobRecord, ended: number) {
    return this.#finish.run(held, ended, startTime, stopTime, progress, result, seq, token)
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

  /** Adds a job as it is, and gives its `seq`. The counts are not its business. */
  take(queue: number, job: JobRecord, place: number, due: number | null, ended: number | null): number {
    const { lastInsertRowid } = this.#take.run(
      queue,
      job.id,
      STATE[job.state],
      job.priority,
      place,
      due,
      ended,
      job.attempt,
      job.maxAttempts,
      job.timeout,
      job.queuedTime,
      job.runAt,
      job.startTime,
      job.stopTime,
      job.key,
      job.arg,
      job.progress,
      job.result,
      errorText(job.error),
    )
    return Number(lastInsertRowid)
  }

  #seqOf(id: string): number | undefined {
    this.flush()
    return (this.#find.get(id) as { seq: number } | undefined)?.seq
  }

  delete(seq: number): void {
    this.#delete.run(seq)
  }
}

function dueOf(job: JobRecord, now: number): number | null {
  return job.state === 'pending' && job.runAt > now ? job.runAt : null
}
