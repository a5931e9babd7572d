import { Deferred, deferredList, QueueStopped } from 'potoroo'
import { isOver, type JobRecord } from './record.ts'

/**
 * Those who wait for jobs to be over. They are registered before anybody looks at the store, and told of every job that a
 * commit made over: there is no gap in which a job could end unseen.
 */
export class Watchers {
  readonly #look: (id: string) => Deferred<JobRecord>
  readonly #waiting = new Map<string, Set<Deferred<JobRecord>>>()
  #seeking = false
  #seekAgain = false
  #closed = false

  /** @param look fires with a job as it stands; fails if it is not there */
  constructor(look: (id: string) => Deferred<JobRecord>) {
    this.#look = look
  }

  /**
   * Fires with the job once it is over, fails as `look` does, and with QueueStopped after {@link close}; cancelling leaves the
   * line. Registers first and looks then.
   */
  watch(job: JobRecord): Deferred<JobRecord> {
    const waiting = this.#wait(job.id)
    if (isOver(job.state)) {
      // An old look at it, perhaps, for it may be retried: others wait for what comes of that.
      this.#leave(job.id, waiting)
      if (!waiting.called) waiting.callback(job)
    } else if (!waiting.called) {
      this.#look(job.id).addCallbacks(
        (now) => this.tell(now),
        ({ value }) => {
          this.#leave(job.id, waiting)
          if (!waiting.called) waiting.errback(value)
        },
      )
    }
    return waiting
  }

  get isEmpty(): boolean {
    return this.#waiting.size === 0
  }

  #wait(id: string): Deferred<JobRecord> {
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

  /**
   * Some jobs may be over or gone that nobody was told of: looks for those that somebody waits for, who would wait in vain. One
   * search at a time.
   */
  seek(): void {
    this.#seekAgain = this.#seeking
    if (this.#seeking || this.#closed || this.#waiting.size === 0) return
    this.#seeking = true
    const looks = [...this.#waiting.keys()].map((id) =>
      this.#look(id).addCallbacks(
        (job) => this.tell(job),
        ({ value }) => this.#fail(id, value),
      ),
    )
    deferredList(looks).addCallback(() => {
      this.#seeking = false
      if (this.#seekAgain) this.seek()
    })
  }

  /** A job will never be over here. */
  #fail(id: string, error: unknown): void {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    for (const deferred of waiting ?? []) deferred.errback(error)
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
