/**
 * A terminal sends Ctrl-C to everybody in it, and npm passes on what it gets: one wish to stop may come as two signals at
 * once. A second wish comes later than this, in milliseconds.
 */
const SAME_WISH = 1_000

/** Ctrl-C, or a SIGTERM: the first asks the command to come to an end, a later one ends it. */
export class Interruption {
  readonly #controller = new AbortController()
  #since: number | undefined

  constructor() {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, this.#interrupt)
  }

  /** Aborted when the command is to come to an end. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Signals are no more its business. */
  end(): void {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, this.#interrupt)
  }

  readonly #interrupt = (): void => {
    const now = performance.now()
    if (this.#since === undefined) {
      this.#since = now
      this.#controller.abort()
    } else if (now - this.#since > SAME_WISH) {
      process.exit(1)
    }
  }
}
