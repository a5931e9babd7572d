import { HANDLED } from '../deferred/flags.ts'
import { toFailure } from '../deferred/failure.ts'
import type { Job } from './job.ts'

/** Told when the work of a job has really ended. */
export interface Foreman<A, R> {
  /** @internal */ _workEnded(job: Job<A, R>, outcome: unknown, failed: boolean): void
}

/**
 * One of a queue's places, while the job in it waits for a promise or deferred. Places are used again, and with them
 * the two functions that wait, which would otherwise have to be made for each job.
 */
export class Place<A, R> {
  job: Job<A, R> | null = null
  /** The next free place. */
  next: Place<A, R> | null = null
  readonly onValue: (value: unknown) => unknown
  readonly onFailure: (reason: unknown) => unknown

  constructor(places: Places<A, R>, foreman: Foreman<A, R>) {
    const leave = (): Job<A, R> => {
      const job = this.job as Job<A, R>
      places.release(this)
      return job
    }
    this.onValue = (value) => {
      const job = leave()
      // A deferred's chain goes on with its value: others may hold it too. A promise's `then` has no use for one.
      const result = job._work === null ? undefined : value
      foreman._workEnded(job, value, false)
      return result
    }
    this.onFailure = (reason) => {
      const job = leave()
      const work = job._work
      foreman._workEnded(job, toFailure(reason), true)
      if (work === null) return undefined
      // It is the job's failure now; reported as unhandled there, not twice.
      work._flags |= HANDLED
      return reason
    }
  }
}

/** A queue's free places. */
export class Places<A, R> {
  readonly #foreman: Foreman<A, R>
  #free: Place<A, R> | null = null
  #count = 0

  constructor(foreman: Foreman<A, R>) {
    this.#foreman = foreman
  }

  take(job: Job<A, R>): Place<A, R> {
    let place = this.#free
    if (place === null) place = new Place(this, this.#foreman)
    else {
      this.#free = place.next
      place.next = null
      this.#count--
    }
    place.job = job
    return place
  }

  release(place: Place<A, R>): void {
    place.job = null
    if (this.#count >= MOST_KEPT) return
    place.next = this.#free
    this.#free = place
    this.#count++
  }
}

/** A queue that was wide for a while does not keep all its places. */
const MOST_KEPT = 1024
