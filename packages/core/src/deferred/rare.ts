import type { Unhandled } from './unhandled.ts'

/** What few deferreds need, kept apart so that the others stay small. */
export class Rare {
  controller: AbortController | undefined = undefined
  /** Why it was cancelled. */
  reason: unknown = undefined
  listeners: ((progress: unknown) => void)[] | undefined = undefined
  unhandled: Unhandled | undefined = undefined

  abort(reason: unknown): void {
    this.reason = reason
    this.controller?.abort(reason)
  }
}
