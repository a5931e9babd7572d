import { append } from '../deferred/chain.ts'
import type { Deferred } from '../deferred/deferred.ts'
import type { Failure } from '../deferred/failure.ts'
import type { ItemQueue } from './item-queue.ts'

/** Takes items out of a queue for `for await`, until the queue is closed and empty. */
export class Taker<T> implements AsyncIterableIterator<T> {
  readonly #queue: ItemQueue<T>
  /** What it waits for: one at a time in a loop, any number by hand. */
  readonly #gets = new Set<Deferred<T>>()
  #over = false

  constructor(queue: ItemQueue<T>) {
    this.#queue = queue
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#over) return Promise.resolve(end())
    return new Promise((resolve, reject) => {
      const get = this.#queue.get()
      this.#gets.add(get)
      const onItem = (value: T): void => {
        this.#gets.delete(get)
        resolve({ done: false, value })
      }
      const onFailure = (failure: Failure): void => {
        this.#gets.delete(get)
        if (failure === this.#queue._closing) this.#over = true
        if (this.#over) resolve(end())
        else reject(failure.value)
      }
      append(get, onItem, onFailure)
    })
  }

  /** The loop was left: nobody of it waits any more. */
  return(): Promise<IteratorResult<T, undefined>> {
    this.#over = true
    for (const get of this.#gets) get.cancel()
    return Promise.resolve(end())
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}

function end(): IteratorReturnResult<undefined> {
  return { done: true, value: undefined }
}
