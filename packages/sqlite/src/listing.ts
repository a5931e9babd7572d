import { type JobList, type ListOptions, readCursor, writeCursor } from '@potoroo/queue'
import { IN_LINE, type JobTable } from './job-table.ts'
import { dueOf, endedOf, placeOf, priorityOf, type Row, seqOf, STATE, toRecord } from './rows.ts'

/** One stretch of a list that one index gives in order: where it goes on behind a row, and how it begins. */
interface Segment {
  readonly where: string
  readonly values: readonly number[]
  readonly keyOf: (row: Row) => number[]
  readonly first: readonly number[]
}

const LOWEST = -Number.MAX_VALUE

/** A page of a queue's jobs, found by keys: as fast at the millionth job as at the first. */
export function listJobs(table: JobTable, queue: number, name: string, { state, after, limit }: ListOptions): JobList {
  const segments = segmentsOf(queue, state)
  let { segment: at, key } = after === undefined ? { segment: 0, key: segments[0]!.first } : readCursor(after, segments)
  const rows: Row[] = []
  let next: string | null = null
  for (; at < segments.length && next === null; at++, key = segments[at]?.first ?? []) {
    const { where, values, keyOf } = segments[at]!
    const wanted = limit - rows.length
    const found = table.select(`${where} LIMIT ?`, ...values, ...key, wanted + 1)
    if (found.length > wanted) {
      found.length = wanted
      const last = found[wanted - 1]
      next = writeCursor({ segment: at, key: last === undefined ? key : keyOf(last) })
    }
    rows.push(...found)
  }
  return { jobs: rows.map((row) => toRecord(name, row)), next }
}

function segmentsOf(queue: number, state: ListOptions['state']): readonly Segment[] {
  switch (state) {
    case undefined:
      return [{ where: 'queue = ? AND seq > ? ORDER BY seq', values: [queue], keyOf: (row) => [seqOf(row)], first: [0] }]
    case 'pending':
      return [
        {
          where: `${IN_LINE} AND (priority, place) > (?, ?) ORDER BY priority, place`,
          values: [queue],
          keyOf: (row) => [priorityOf(row), placeOf(row)],
          first: [LOWEST, 0],
        },
        {
          where: 'queue = ? AND due IS NOT NULL AND token IS NULL AND (due, seq) > (?, ?) ORDER BY due, seq',
          values: [queue],
          keyOf: (row) => [dueOf(row)!, seqOf(row)],
          first: [0, 0],
        },
        // To be tried again once an earlier attempt's handler has ended.
        { ...holding(queue, 'pending') },
      ]
    case 'underway':
      return [holding(queue, 'underway')]
    default:
      return [
        {
          where: 'queue = ? AND state = ? AND ended IS NOT NULL AND ended < ? ORDER BY ended DESC',
          values: [queue, STATE[state]],
          keyOf: (row) => [endedOf(row)],
          first: [Number.MAX_SAFE_INTEGER],
        },
      ]
  }
}

function holding(queue: number, state: 'pending' | 'underway'): Segment {
  return {
    // The plus keeps SQLite from going through the whole table in the order of `seq`: those held are few.
    where: 'token IS NOT NULL AND queue = ? AND state = ? AND +seq > ? ORDER BY +seq',
    values: [queue, STATE[state]],
    keyOf: (row) => [seqOf(row)],
    first: [0],
  }
}
