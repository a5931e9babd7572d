import { moved, setBack } from '@potoroo/queue'
import type { Database } from './database.ts'
import { moveOf, type QueueRow } from './queue-row.ts'
import { dueOf, seqOf } from './rows.ts'

/** How many join the line at a time. */
const AT_ONCE = 1_000

/** What in a queue waits for a time: jobs that join the line at theirs, and a hold of the whole queue. */
export class Delays {
  readonly #database: Database
  readonly #row: QueueRow
  /** What the time was said to be in the last exchange, and until when the queue was held then; and in this transaction. */
  #last = { now: -Infinity, heldUntil: 0 }
  #now: number | undefined
  /** The earliest time that a job waits for; undefined: look it up. */
  #next: number | null | undefined

  constructor(database: Database, row: QueueRow) {
    this.#database = database
    this.#row = row
  }

  /** The earliest time that a job waits for. */
  get next(): number | null {
    if (this.#next === undefined) {
      const [row] = this.#database.jobs.select('queue = ? AND due IS NOT NULL ORDER BY due LIMIT 1', this.#row.id)
      this.#next = row === undefined ? null : dueOf(row)
    }
    return this.#next
  }

  /** A job was put that waits until then. */
  added(runAt: number): void {
    if (this.#next !== undefined) this.#next = Math.min(this.#next ?? Infinity, runAt)
  }

  /** Others may wait than before. */
  changed(): void {
    this.#next = undefined
  }

  /** Whether a hold that is in force was set here, or is to be replaced: not by another process meanwhile. */
  knowsHold(holdUntil: number): boolean {
    const { held_until: heldUntil } = this.#row
    return heldUntil === this.#last.heldUntil || holdUntil > heldUntil
  }

  /** The time, as an exchange says it: see {@link setBack}. Whether the hold was moved with it, if that is known here. */
  tell(now: number, holdIsKnown: boolean): boolean {
    this.#now = now
    const back = setBack(this.#last.now, now)
    if (back === undefined) return false
    const row = this.#row
    // A hold that was over is over.
    const until = row.held_until <= back.last ? Math.min(row.held_until, now) : moved(row.held_until, back)
    const isMoved = holdIsKnown && until !== row.held_until
    if (isMoved) row.held_until = until
    this.#database.moveRetries.run(back.by, row.id, back.last, back.last + back.by)
    this.#next = undefined
    return isMoved
  }

  /** Those whose time has come join the line, in order of their times. Whether there were any. */
  promote(now: number): boolean {
    // Places in the line are still given out by the store that the queue comes from.
    if (moveOf(this.#row)?.state === 'arriving') return false
    let any = false
    for (let { next } = this; next !== null && next <= now; { next } = this) {
      const due = 'queue = ? AND due IS NOT NULL AND due <= ? ORDER BY due, seq LIMIT ?'
      for (const row of this.#database.jobs.select(due, this.#row.id, now, AT_ONCE)) {
        this.#database.joinLine.run(++this.#row.joined, seqOf(row))
      }
      any = true
      this.#next = undefined
    }
    return any
  }

  committed(): void {
    if (this.#now !== undefined) this.#last = { now: this.#now, heldUntil: this.#row.held_until }
    this.#now = undefined
  }

  rolledBack(): void {
    this.#now = undefined
    this.#next = undefined
  }
}
