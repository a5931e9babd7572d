import type { Failure } from './failure.ts'

/** What is kept of a deferred whose failure nobody has taken: never the deferred itself, which must stay collectable. */
export interface Unhandled {
  readonly failure: Failure
  readonly madeAt: string | undefined
}

/** What few deferreds need, kept apart so that the others stay small. */
export class Rare {
  controller: AbortController | undefined = undefined
  /** Why it was cancelled. */
  reason: unknown = undefined
  listeners: ((progress: unknown) => void)[] | undefined = undefined
  unhandled: Unhandled | undefined = undefined
  /** How many more taps may be taken out before its pairs are swept. */
  sweepIn = 0
}
