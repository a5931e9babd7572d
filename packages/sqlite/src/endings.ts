import type { Notes } from '@potoroo/queue'
import type { Database } from './database.ts'
import type { QueueRow } from './queue-row.ts'
import { endedOf, STATE, toRecord } from './rows.ts'

/** Rows read at a time. */
const AT_ONCE = 1_000
/** What somebody here may wait for, and what he must hear of who may be running it. */
const OVER = ['finished', 'failed', 'cancelled'] as const
const CANCELLED = ['cancelled'] as const

/** Notes the jobs of a queue that others have ended, behind the one that is numbered `seen`: all, or only those that were cancelled. */
export function noteEndings(database: Database, queue: QueueRow, name: string, seen: number, notes: Notes): void {
  // Each that was over has a number of its own.
  let unseen = queue.ended - seen
  for (const state of notes.waits ? OVER : CANCELLED) {
    const since = 'queue = ? AND state = ? AND ended IS NOT NULL AND ended > ? ORDER BY ended LIMIT ?'
    for (let last = seen; ; ) {
      const rows = database.jobs.select(since, queue.id, STATE[state], last, AT_ONCE)
      unseen -= rows.length
      for (const row of rows) {
        last = endedOf(row)
        notes.jobs.push(toRecord(name, row))
      }
      if (rows.length < AT_ONCE) break
    }
  }
  if (notes.waits && unseen > 0) notes.missed = true
}
