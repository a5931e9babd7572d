import type { JobRecord, Outcome } from '@potoroo/queue'
import { ERROR } from '../trial.ts'
import type { Choices } from './choices.ts'

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
      return { token, job: { ...said, token: null }, releaseOnly: true }
    }
    const kind = choices.of(['finish', 'fail', 'retry', 'late', 'late retry', 'put back', 'report', 'finish again'] as const)
    const after = becomes(claimed, kind, choices, now)
    if (kind === 'report') return { token, job: after }
    if (kind === 'late' || kind === 'late retry') {
      attempt.said = after
      return { token, job: after }
    }
    // Said twice, the second time must be refused.
    if (kind !== 'finish again') this.#list.splice(at, 1)
    return { token, job: { ...after, token: null } }
  }
}

function becomes(job: JobRecord, kind: string, choices: Choices, now: number): JobRecord {
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
