import type { DurableJob } from './durable-job.ts'
import type { QueueEvent } from './api.ts'

type Listener = (event: QueueEvent<never, never>) => void

/** Those who follow a queue's events, by callback or as an async iterator. */
export class EventFeed {
  readonly #listeners = new Set<Listener>()
  readonly #iterators = new Set<EventIterator>()
  readonly #onError: (error: Error) => void
  #closed = false

  constructor(onError: (error: Error) => void) {
    this.#onError = onError
  }

  get followed(): boolean {
    return this.#listeners.size > 0
  }

  tell(event: QueueEvent<never, never>): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(event)
      } catch (error) {
        this.#onError(error as Error)
      }
    }
  }

  observe(listener: Listener): () => void {
    // One of its own: the same function may observe twice.
    const own: Listener = (event) => listener(event)
    this.#listeners.add(own)
    return () => this.#listeners.delete(own)
  }

  iterate(): AsyncIterableIterator<QueueEvent<never, never>> {
    const iterator = new EventIterator((ended) => {
      stop()
      this.#iterators.delete(ended)
    })
    const stop = this.observe((event) => iterator.push(event))
    this.#iterators.add(iterator)
    if (this.#closed) iterator.end()
    return iterator
  }

  close(): void {
    this.#closed = true
    for (const iterator of [...this.#iterators]) iterator.end()
    this.#listeners.clear()
  }
}

/**
 * Events for one reader. A reader who is slower than the queue is given each job's latest event only, so that what waits
 * for it is never more than there are jobs.
 */
class EventIterator implements AsyncIterableIterator<QueueEvent<never, never>> {
  readonly #onEnd: (self: EventIterator) => void
  readonly #waiting = new Map<string, QueueEvent<never, never>>()
  readonly #readers: ((result: IteratorResult<QueueEvent<never, never>>) => void)[] = []
  #ended = false

  constructor(onEnd: (self: EventIterator) => void) {
    this.#onEnd = onEnd
  }

  push(event: QueueEvent<never, never>): void {
    const reader = this.#readers.shift()
    if (reader !== undefined) return reader({ done: false, value: event })
    const key = event.type === 'job' ? (event.job as DurableJob).id : ''
    this.#waiting.delete(key)
    this.#waiting.set(key, event)
  }

  next(): Promise<IteratorResult<QueueEvent<never, never>>> {
    for (const [key, event] of this.#waiting) {
      this.#waiting.delete(key)
      return Promise.resolve({ done: false, value: event })
    }
    if (this.#ended) return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve) => this.#readers.push(resolve))
  }

  return(): Promise<IteratorResult<QueueEvent<never, never>>> {
    this.#waiting.clear()
    this.end()
    return Promise.resolve({ done: true, value: undefined })
  }

  end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#onEnd(this)
    for (const reader of this.#readers.splice(0)) reader({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}
