import type { Job } from './job.ts'

/**
 * The jobs that a signal from outside cancels. One listener per signal, however many jobs it was given to: the
 * platform looks through all of a signal's listeners when one is added or removed.
 */
export class Signals<A, R> {
  readonly #given = new Map<AbortSignal, { readonly jobs: Set<Job<A, R>>; readonly onAbort: () => void }>()

  add(signal: AbortSignal, job: Job<A, R>): void {
    let given = this.#given.get(signal)
    if (given === undefined) {
      const jobs = new Set<Job<A, R>>()
      const onAbort = (): void => {
        for (const each of [...jobs]) each.cancel(signal.reason)
      }
      given = { jobs, onAbort }
      this.#given.set(signal, given)
      signal.addEventListener('abort', onAbort, { once: true })
    }
    given.jobs.add(job)
    job._more().outerSignal = signal
  }

  /** Lets go of a job, and of its signal with the last one. */
  remove(job: Job<A, R>, signal: AbortSignal): void {
    const given = this.#given.get(signal)
    if (given === undefined) return
    given.jobs.delete(job)
    if (given.jobs.size > 0) return
    this.#given.delete(signal)
    signal.removeEventListener('abort', given.onAbort)
  }
}
