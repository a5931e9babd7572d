import type { Job } from './job.ts'

/**
 * The jobs that a signal from outside cancels. One listener per signal, however many jobs it was given to: the
 * platform looks through all of a signal's listeners when one is added or removed.
 */
export class Signals<A, R> {
  readonly #jobs = new Map<AbortSignal, { readonly jobs: Set<Job<A, R>>; readonly onAbort: () => void }>()

  add(signal: AbortSignal, job: Job<A, R>): void {
    let entry = this.#jobs.get(signal)
    if (entry === undefined) {
      const jobs = new Set<Job<A, R>>()
      const onAbort = (): void => {
        for (const each of [...jobs]) each.cancel(signal.reason)
      }
      entry = { jobs, onAbort }
      this.#jobs.set(signal, entry)
      signal.addEventListener('abort', onAbort, { once: true })
    }
    entry.jobs.add(job)
    job._more().outerSignal = signal
  }

  /** Lets go of a job, and of its signal with the last one. */
  remove(job: Job<A, R>): void {
    const signal = job._rare?.outerSignal
    const entry = signal && this.#jobs.get(signal)
    if (signal === undefined || entry === undefined) return
    job._more().outerSignal = undefined
    entry.jobs.delete(job)
    if (entry.jobs.size > 0) return
    this.#jobs.delete(signal)
    signal.removeEventListener('abort', entry.onAbort)
  }
}
