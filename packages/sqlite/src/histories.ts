import { type AttemptRecord, type JobError, type JobHistory, KEPT_ATTEMPTS, KEPT_LINES, type LogLine } from '@potoroo/queue'
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { errorText } from './rows.ts'

/** The statements on what is kept of jobs' pasts: attempts that did not finish them, and what their handlers logged. */
export class Histories {
  readonly #addAttempt: StatementSync
  readonly #dropAttempts: StatementSync
  readonly #attempts: StatementSync
  readonly #addLine: StatementSync
  readonly #dropLines: StatementSync
  readonly #lines: StatementSync
  readonly #deleteAttempts: StatementSync
  readonly #deleteLines: StatementSync

  constructor(database: DatabaseSync) {
    const last = (table: string): string => `(SELECT coalesce(max(n), 0) FROM ${table} WHERE job = ?1)`
    this.#addAttempt = database.prepare(
      `INSERT INTO attempts (job, n, attempt, start_time, stop_time, outcome, error)
       VALUES (?1, ${last('attempts')} + 1, ?2, ?3, ?4, ?5, ?6)`,
    )
    this.#dropAttempts = database.prepare(`DELETE FROM attempts WHERE job = ?1 AND n <= ${last('attempts')} - ${KEPT_ATTEMPTS}`)
    this.#attempts = database.prepare('SELECT attempt, start_time, stop_time, outcome, error FROM attempts WHERE job = ? ORDER BY n')
    this.#addLine = database.prepare(
      `INSERT INTO log_lines (job, n, time, attempt, message) VALUES (?1, ${last('log_lines')} + 1, ?2, ?3, ?4)`,
    )
    this.#dropLines = database.prepare(`DELETE FROM log_lines WHERE job = ?1 AND n <= ${last('log_lines')} - ${KEPT_LINES}`)
    this.#lines = database.prepare('SELECT time, attempt, message FROM log_lines WHERE job = ? ORDER BY n')
    this.#deleteAttempts = database.prepare('DELETE FROM attempts WHERE job = ?')
    this.#deleteLines = database.prepare('DELETE FROM log_lines WHERE job = ?')
  }

  addAttempt(job: number, { attempt, startTime, stopTime, outcome, error }: AttemptRecord): void {
    this.#addAttempt.run(job, attempt, startTime, stopTime, outcome, errorText(error))
    this.#dropAttempts.run(job)
  }

  addLines(job: number, lines: readonly LogLine[]): void {
    for (const { time, attempt, message } of lines) this.#addLine.run(job, time, attempt, message)
    this.#dropLines.run(job)
  }

  read(job: number): JobHistory {
    const attempts = this.#attempts.all(job) as unknown as AttemptRow[]
    const lines = this.#lines.all(job) as unknown as LogLine[]
    return {
      attempts: attempts.map(({ attempt, start_time, stop_time, outcome, error }) => ({
        attempt,
        startTime: start_time,
        stopTime: stop_time,
        outcome,
        error: error === null ? null : (JSON.parse(error) as JobError),
      })),
      log: lines.map(({ time, attempt, message }) => ({ time, attempt, message })),
    }
  }

  delete(job: number): void {
    this.#deleteAttempts.run(job)
    this.#deleteLines.run(job)
  }
}

interface AttemptRow {
  readonly attempt: number
  readonly start_time: number
  readonly stop_time: number
  readonly outcome: AttemptRecord['outcome']
  readonly error: string | null
}
