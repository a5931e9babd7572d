import type { AttemptRecord, JobRecord, LogLine, Outcome } from '@potoroo/queue'
import { ERROR } from '../trial.ts'
import type { Choices } from './choices.ts'

const KINDS = ['finish', 'fail', 'retry', 'late', 'late retry', 'put back', 'report', 'finish again'] as const
type Kind = (typeof KINDS)[number]
const FAILURES: ReadonlySet<Kind> = new Set<Kind>(['fail', 'retry', 'late', 'late retry'])

interface Attempt {
  readonly claimed: JobRecord
  /** What became of it was said, and its handler goes on. */
  said: JobRecord | undefined
}

/** The attempts that a worker believes to have underway: rightly or not, for it may have lost them. */
export class Attempts {
  readonly #list: Attempt[] = []

  add(claimed: readonly JobRecord[]): void {
    for (const job of claimed) this.#list.push({ claimed: job, said: undefined })
  }

  /** One of them comes to something. Undefined if there is none. */
  next(choices: Choices, now: number): Outcome | undefined {
    if (this.#list.length === 0) return undefined
    const at = choices.below(this.#list.length)
    const attempt = this.#list[at]!
    const { claimed, said } = attempt
    const token = claimed.token!
    if (said !== undefined) {
      this.#list.splice(at, 1)
      return { token, job: { ...said, token: null }, releaseOnly: true, ...logged(claimed, choices, now) }
    }
    const kind = choices.of(KINDS)
    const after = becomes(claimed, kind, choices, now)
    const more = { ...logged(claimed, choices, now), ...ended(claimed, after, now, kind) }
    if (kind === 'report') return { token, job: after, ...more }
    if (kind === 'late' || kind === 'late retry') {
      attempt.said = after
      return { token, job: after, ...more }
    }
    // Said twice, the second time must be refused.
    if (kind !== 'finish again') this.#list.splice(at, 1)
    return { token, job: { ...after, token: null }, ...more }
  }
}

/** Now and then a handler has said something. */
function logged({ attempt }: JobRecord, choices: Choices, time: number): { readonly log?: LogLine[] } {
  const message = choices.of([null, null, 'so far', 'so good'])
  return message === null ? {} : { log: [{ time, attempt, message }] }
}

/** The attempt as it is to be kept, if it has failed. */
function ended({ attempt, startTime }: JobRecord, { error }: JobRecord, now: number, kind: Kind): { readonly ended?: AttemptRecord } {
  if (!FAILURES.has(kind)) return {}
  return { ended: { attempt, startTime: startTime!, stopTime: now, outcome: 'failed', error } }
}

function becomes(job: JobRecord, kind: Kind, choices: Choices, now: number): JobRecord {
  switch (kind) {
    case 'fail':
    case 'late':
      return { ...job, state: 'failed', error: ERROR, stopTime: now }
    case 'retry':
    case 'late retry':
      return { ...job, state: 'pending', error: ERROR, runAt: now + choices.of([0, 10, 50]) }
    case 'put back':
      return { ...job, state: 'pending', attempt: job.attempt - 1 }
    case 'report':
      return { ...job, progress: String(choices.below(3)) }
    default:
      return { ...job, state: 'finished', result: '"done"', error: null, stopTime: now }
  }
}
