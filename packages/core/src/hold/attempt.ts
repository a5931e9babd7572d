/** What the function that {@link retry} calls is told. */
export interface Attempt {
  /** Which attempt this is, from 1. */
  readonly attempt: number
  /** Aborted when this attempt is to stop: its time is over, or the whole is cancelled. */
  readonly signal: AbortSignal
}

/** Makes its signal on first use: most functions need none, and it costs more than all the rest. */
export class AttemptContext implements Attempt {
  readonly attempt: number
  #controller: AbortController | undefined = undefined
  #aborted: { readonly reason: unknown } | undefined = undefined

  constructor(attempt: number) {
    this.attempt = attempt
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#aborted !== undefined) this.#controller.abort(this.#aborted.reason)
    }
    return this.#controller.signal
  }

  abort(reason: unknown): void {
    if (this.#aborted !== undefined) return
    this.#aborted = { reason }
    this.#controller?.abort(reason)
  }
}
