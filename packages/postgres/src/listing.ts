import { type JobList, type ListOptions, readCursor, writeCursor } from '@potoroo/queue'
import { dueOf, endedOf, JOB_COLUMNS, nOf, placeOf, priorityOf, type Row, seqOf, STATE, toRecord } from './rows.ts'

/** One stretch of a list that one index gives in order: where it goes on behind a row, and how it begins. */
interface Segment {
  readonly from: string
  /** With `$1` for the queue, and `KEY` for where it goes on. */
  readonly where: string
  readonly order: string
  readonly keyOf: (row: Row) => number[]
  readonly first: readonly number[]
}

const LOWEST = -Number.MAX_VALUE
const LAST = Number.MAX_SAFE_INTEGER

/** A page of a queue's jobs as one statement, found by keys: as fast at the millionth job as at the first. */
export function listStatement(schema: string, queue: number, { state, after, limit }: ListOptions): { readonly text: string; readonly values: unknown[] } {
  const segments = segmentsOf(schema, state)
  const start = after === undefined ? { segment: 0, key: segments[0]!.first } : readCursor(after, segments)
  const values: unknown[] = [queue, limit + 1]
  const parts = segments.slice(start.segment).map(({ from, where, order, first }, i) => {
    const key = i === 0 ? start.key : first
    const names = key.map((value) => `$${values.push(value)}`)
    const text = where.replaceAll('KEY', names.join(', '))
    return `(SELECT ${start.segment + i} AS n, '' AS info, ${JOB_COLUMNS} FROM ${from.replaceAll('KEY', names.join(', '))} WHERE ${text} ORDER BY ${order} LIMIT $2)`
  })
  // In the order of the stretches, as they are appended.
  return { text: `SELECT * FROM (${parts.join(' UNION ALL ')}) AS page LIMIT $2`, values }
}

/** The page, and where the next one goes on. */
export function readList(name: string, rows: readonly Row[], options: ListOptions): JobList {
  const page = rows.slice(0, options.limit)
  const last = page.at(-1)
  const segments = segmentsOf('', options.state)
  const next = last === undefined || rows.length <= options.limit ? null : writeCursor({ segment: nOf(last), key: segments[nOf(last)]!.keyOf(last) })
  return { jobs: page.map((row) => toRecord(name, row)), next }
}

function segmentsOf(schema: string, state: ListOptions['state']): readonly Segment[] {
  const jobs = `${schema}.jobs`
  const done = `${schema}.done`
  switch (state) {
    case undefined:
      return [
        {
          from: `((SELECT * FROM ${jobs} WHERE queue = $1 AND seq > KEY ORDER BY seq LIMIT $2) UNION ALL (SELECT * FROM ${done} WHERE queue = $1 AND seq > KEY ORDER BY seq LIMIT $2)) AS x`,
          where: 'true',
          order: 'seq',
          keyOf: (row) => [seqOf(row)],
          first: [0],
        },
      ]
    case 'pending':
      return [
        {
          from: jobs,
          where: 'queue = $1 AND due IS NULL AND state = 0 AND token IS NULL AND (priority, place) > (KEY)',
          order: 'priority, place',
          keyOf: (row) => [priorityOf(row), placeOf(row)],
          first: [LOWEST, 0],
        },
        {
          from: jobs,
          where: 'queue = $1 AND due IS NOT NULL AND token IS NULL AND (due, seq) > (KEY)',
          order: 'due, seq',
          keyOf: (row) => [dueOf(row), seqOf(row)],
          first: [0, 0],
        },
        // To be tried again once an earlier attempt's handler has ended.
        holding(schema, 'pending'),
      ]
    case 'underway':
      return [holding(schema, 'underway')]
    default:
      return [
        {
          from: done,
          where: `queue = $1 AND state = ${STATE[state]} AND ended < KEY`,
          order: 'ended DESC',
          keyOf: (row) => [endedOf(row)],
          first: [LAST],
        },
      ]
  }
}

/** What is held is found by the claims, and that is few. */
function holding(schema: string, state: 'pending' | 'underway'): Segment {
  return {
    from: `(SELECT j.* FROM ${schema}.claims c, unnest(c.seqs) AS s (seq), ${schema}.jobs j
      WHERE c.queue = $1 AND j.queue = $1 AND j.seq = s.seq AND j.token = c.token) AS held`,
    where: `state = ${STATE[state]} AND seq > KEY`,
    order: 'seq',
    keyOf: (row) => [seqOf(row)],
    first: [0],
  }
}
