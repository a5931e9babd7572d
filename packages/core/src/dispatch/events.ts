import { maybeDeferred } from '../deferred/deferred.ts'
import type { Job, JobState } from './job.ts'
import type { Rates } from './rate.ts'
import { Stream } from './stream.ts'

/** How a queue stands. */
export interface DispatchStatus {
  readonly width: number
  readonly rate: Rates | undefined
  readonly paused: boolean
  readonly stopped: boolean
  /** How many jobs there are in each state; of those that are over, how many there have been. */
  readonly counts: Readonly<Record<JobState, number>>
  /** Places taken: jobs underway, and those that are over though their work has not ended. */
  readonly places: number
}

/**
 * What happened to a queue. A job was put, or changed its state, its priority or its progress: the event has those as they
 * were then, the job itself goes on. Or the queue changed: its width or rate, it was paused, resumed or stopped, or the
 * work of a job that was over has ended.
 */
export type DispatchEvent<A, R> =
  | {
      readonly type: 'job'
      readonly job: Job<A, R>
      readonly state: JobState
      readonly priority: number
      readonly progress: unknown
      /** When it happened, in milliseconds by the queue's clock. */
      readonly time: number
    }
  | { readonly type: 'queue'; readonly status: DispatchStatus }

interface Ending {
  end(): void
}
type Listener<A, R> = (event: DispatchEvent<A, R>) => void

/**
 * Tells listeners what happens, in order, but not while it happens: in a microtask after it, when nobody is in the middle
 * of anything. There is one only while somebody listens.
 */
export class Events<A, R> {
  readonly #listeners = new Set<Listener<A, R>>()
  readonly #streams = new Set<Ending>()
  readonly #deserted: () => void
  #batch: DispatchEvent<A, R>[] = []

  /** @param deserted called when nobody listens any more */
  constructor(deserted: () => void) {
    this.#deserted = deserted
  }

  /** Gives back what ends it. */
  observe(listener: Listener<A, R>): () => void {
    // The same function may listen twice.
    const own: Listener<A, R> = (event) => maybeDeferred(listener, event)
    this.#listeners.add(own)
    return () => this.#remove(this.#listeners, own)
  }

  /** What `pick` gives for each event, unless that is `undefined`. */
  stream<E>(pick: (event: DispatchEvent<A, R>) => E | undefined): Stream<E> {
    const stream: Stream<E> = new Stream(() => {
      this.#listeners.delete(own)
      this.#remove(this.#streams, stream)
    })
    const own: Listener<A, R> = (event) => {
      const picked = pick(event)
      if (picked !== undefined) stream.push(picked)
    }
    this.#listeners.add(own)
    this.#streams.add(stream)
    return stream
  }

  emit(event: DispatchEvent<A, R>): void {
    if (this.#batch.push(event) === 1) queueMicrotask(() => this.#tell())
  }

  /** Nothing more will happen: streams come to their end. */
  end(): void {
    queueMicrotask(() => {
      this.#tell()
      for (const stream of [...this.#streams]) stream.end()
    })
  }

  #tell(): void {
    const batch = this.#batch
    this.#batch = []
    for (const event of batch) for (const listener of [...this.#listeners]) listener(event)
  }

  #remove<E>(set: Set<E>, member: E): void {
    // Who has left already leaves others' events alone.
    if (!set.delete(member)) return
    if (this.#listeners.size === 0 && this.#streams.size === 0) this.#deserted()
  }
}
