import { Deferred, QueueStopped } from 'potoroo'
import { isOver, type JobRecord } from './record.ts'

/**
 * Those who wait for jobs to be over. They are registered before anybody looks at the store, and told of every job that a
 * commit made over: there is no gap in which a job could end unseen.
 */
export class Watchers {
  readonly #waiting = new Map<string, Set<Deferred<JobRecord>>>()
  #closed = false

  /** Fires with the job once it is over; cancelling leaves the line. Fails with QueueStopped after {@link close}. */
  wait(id: string): Deferred<JobRecord> {
    const deferred = new Deferred<JobRecord>(() => this.#leave(id, deferred))
    if (this.#closed) {
      deferred.errback(new QueueStopped())
      return deferred
    }
    const others = this.#waiting.get(id)
    if (others) others.add(deferred)
    else this.#waiting.set(id, new Set([deferred]))
    return deferred
  }

  tell(job: JobRecord): void {
    if (!isOver(job.state)) return
    const waiting = this.#waiting.get(job.id)
    if (waiting === undefined) return
    this.#waiting.delete(job.id)
    for (const deferred of waiting) deferred.callback(job)
  }

  /** The ids of the jobs that somebody waits for. */
  get ids(): string[] {
    return [...this.#waiting.keys()]
  }

  /** A job will never be over here. */
  fail(id: string, error: unknown): void {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    for (const deferred of waiting ?? []) deferred.errback(error)
  }

  /** One of them waits for something that will not be. */
  disappoint(id: string, waiting: Deferred<JobRecord>, error: unknown): void {
    this.#leave(id, waiting)
    if (!waiting.called) waiting.errback(error)
  }

  close(): void {
    this.#closed = true
    const all = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const waiting of all) for (const deferred of waiting) deferred.errback(new QueueStopped())
  }

  #leave(id: string, deferred: Deferred<JobRecord>): void {
    const waiting = this.#waiting.get(id)
    if (waiting?.delete(deferred) && waiting.size === 0) this.#waiting.delete(id)
  }
}
