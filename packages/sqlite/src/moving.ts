import { type MovingJob, OUTBOX_LENGTH } from '@potoroo/queue'
import type { Database } from './database.ts'
import type { QueueRow } from './queue-row.ts'
import { dueOf, endedOf, placeOf, seqOf, toRecord } from './rows.ts'

/** Rows read at a time: arguments may be long. */
const ROWS = 50

/**
 * Puts up to `limit` jobs of a queue into the outbox, in order of arrival, up to the first that holds a place: what comes
 * behind that one waits for it, so that the order is kept. Gives how many.
 *
 * @param from look behind this `seq`
 */
export function checkOut(database: Database, queue: QueueRow, name: string, limit: number, from: number): { readonly taken: number; readonly last: number } {
  let taken = 0
  let length = 0
  let last = from
  for (;;) {
    const rows = database.jobs.select('queue = ? AND seq > ? ORDER BY seq LIMIT ?', queue.id, last, Math.min(ROWS, limit - taken))
    for (const row of rows) {
      const job = toRecord(name, row)
      if (job.token !== null || length > OUTBOX_LENGTH) return { taken, last }
      last = seqOf(row)
      const moving: MovingJob = {
        job,
        ...database.histories.read(last),
        place: placeOf(row),
        delayed: dueOf(row) !== null,
        ended: endedOf(row) ?? 0,
      }
      database.outbox.add(queue.id, moving)
      database.jobs.delete(last)
      database.histories.delete(last)
      queue[job.state]--
      length += job.arg.length + (job.result?.length ?? 0)
      taken++
    }
    if (rows.length < ROWS || taken >= limit) return { taken, last }
  }
}

/** Takes a job that comes from another store, unless it is here. Whether it was not. */
export function takeIn(database: Database, queue: QueueRow, { job, attempts, log, place, delayed, ended }: MovingJob): boolean {
  if (database.jobs.select('queue = ? AND id = ?', queue.id, job.id).length > 0) return false
  const seq = database.jobs.take(queue.id, job, place, delayed ? job.runAt : null, ended === 0 ? null : ended)
  for (const attempt of attempts) database.histories.addAttempt(seq, attempt)
  if (log.length > 0) database.histories.addLines(seq, log)
  queue[job.state]++
  queue.joined = Math.max(queue.joined, place)
  queue.ended = Math.max(queue.ended, ended)
  return true
}
