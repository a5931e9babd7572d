import type { Retention } from '@potoroo/queue'
import type { Database } from './database.ts'
import type { QueueRow } from './queue-row.ts'
import { seqOf, STATE, toRecord } from './rows.ts'

/** So many in each state at a time, so that no single transaction is long. */
const AT_ONCE = 500

/** Deletes some of a queue's jobs that have been over for longer than is kept. Gives how many. */
export function prune(database: Database, queue: QueueRow, name: string, { finished, failed }: Retention, now: number): number {
  let pruned = 0
  for (const [state, before] of [
    ['finished', now - finished],
    ['failed', now - failed],
    ['cancelled', now - failed],
  ] as const) {
    const oldest = 'queue = ? AND state = ? AND ended IS NOT NULL AND token IS NULL ORDER BY ended LIMIT ?'
    for (const row of database.jobs.select(oldest, queue.id, STATE[state], AT_ONCE)) {
      if (toRecord(name, row).stopTime! >= before) break
      database.jobs.delete(seqOf(row))
      database.histories.delete(seqOf(row))
      queue[state]--
      pruned++
    }
  }
  return pruned
}
