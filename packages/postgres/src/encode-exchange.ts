import { type Exchange, type Exchanged, isOver, setBack, type JobRecord, KEPT_ATTEMPTS, KEPT_LINES, type Outcome } from '@potoroo/queue'
import type { Answer, Notes } from './operation.ts'
import { arrayText, columnOf, errorText, placeOf, priorityOf, STATE, toRecord } from './rows.ts'

/** What the time was said to be in the last exchange of this process, and until when the queue was held then. */
export interface LastExchange {
  readonly now: number
  readonly heldUntil: number
}

/** Attempts whose handlers have completed them in transactions of their own: see {@link attemptOf}. */
export type Completing = ReadonlySet<string>

/** What names an attempt: a token is that of all that were claimed together. */
export function attemptOf({ token, job }: Pick<Outcome, 'token'> & { readonly job: Pick<JobRecord, 'id'> }): string {
  return `${token} ${job.id}`
}

/** An exchange as `run` takes it. */
export function encodeExchange({ worker, outcomes, started, holdUntil, places, token, now }: Exchange, last: LastExchange, completing: Completing): object {
  const back = setBack(last.now, now)
  return {
    op: 'exchange',
    now,
    worker: worker.id,
    token,
    places,
    holdUntil,
    knownHold: last.heldUntil,
    ...(back === undefined ? {} : { back }),
    started: started.map((each) => [each.token, each.at]),
    outcomes: partsOf(outcomes, completing),
    keptAttempts: KEPT_ATTEMPTS,
    keptLines: KEPT_LINES,
  }
}

type Indexed = readonly [outcome: Outcome, ord: number]

/** Outcomes in parts that have each job once at most: what is in one part is done at once, in whatever order. */
function partsOf(outcomes: readonly Outcome[], completing: Completing): object[] {
  const parts: object[] = []
  let part: Indexed[] = []
  let seen = new Set<string>()
  outcomes.forEach((outcome, ord) => {
    if (seen.has(outcome.job.id)) {
      parts.push(encodePart(part, completing))
      part = []
      seen = new Set()
    }
    seen.add(outcome.job.id)
    part.push([outcome, ord])
  })
  if (part.length > 0) parts.push(encodePart(part, completing))
  return parts
}

function encodePart(part: readonly Indexed[], completing: Completing): object {
  const over = part.filter(([{ job }]) => isOver(job.state))
  const live = part.filter(([{ job }]) => !isOver(job.state))
  const past = part.filter(([{ ended, log }]) => ended !== undefined || log !== undefined)
  return {
    count: part.length,
    ...(past.length === 0 ? {} : { past: past.map(encodePast) }),
    ...(over.length === 0
      ? {}
      : { over: { ...common(over, completing), stops: column(over, (job) => job.stopTime), results: column(over, (job) => job.result) } }),
    ...(live.length === 0
      ? {}
      : { live: { ...common(live, completing), attempts: column(live, (job) => job.attempt), runAts: column(live, (job) => job.runAt) } }),
  }
}

/** JSON within JSON: so it is kept as text, whatever is in it. */
function encodePast([{ job, ended, log }, ord]: Indexed) {
  return [ord, job.id, ended === undefined ? null : JSON.stringify(ended), log?.map((line) => JSON.stringify(line)) ?? null]
}

function common(part: readonly Indexed[], completing: Completing) {
  return {
    // What is said of an attempt that goes on may cross the transaction that completes it.
    ...(part.some(([outcome]) => outcome.job.state === 'underway' || completing.has(attemptOf(outcome))) ? { careful: true } : {}),
    size: part.length,
    ords: arrayText(part.map(([, ord]) => ord)),
    ids: arrayText(part.map(([{ job }]) => job.id)),
    tokens: columnOf(part.map(([{ token }]) => token)),
    states: column(part, (job) => STATE[job.state]),
    kept: column(part, (job) => job.token !== null),
    starts: column(part, (job) => job.startTime),
    progress: column(part, (job) => job.progress),
    errors: column(part, (job) => errorText(job.error)),
  }
}

function column(part: readonly Indexed[], value: (job: JobRecord) => string | number | boolean | null) {
  return columnOf(part.map(([{ job }]) => value(job)))
}

/** What came of an exchange; notes every job that was changed. */
export function readExchange(queue: string, { outcomes }: Exchange, { info, rows }: Answer, notes: Notes): Exchanged {
  const [refused, passed, rated, wakeAt, putOff] = info as [refused: number[], passed: number[], rated: boolean, wakeAt: number | null, putOff: number[]]
  const accepted = outcomes.map(() => true)
  for (const ord of refused) accepted[ord] = false
  // What only passed was about a job that is something else by now.
  const unsaid = new Set([...refused, ...passed, ...putOff])
  outcomes.forEach(({ job }, ord) => {
    if (!unsaid.has(ord)) notes.push(job)
  })
  for (const row of rows) if (row[1] === 'news') notes.push(toRecord(queue, row))
  const claimed = rows
    .filter((row) => row[1] === 'claimed')
    .sort((a, b) => priorityOf(a) - priorityOf(b) || placeOf(a) - placeOf(b))
    .map((row) => toRecord(queue, row))
  for (const job of claimed) notes.push(job)
  return { accepted, putOff, claimed, rated, wakeAt }
}
