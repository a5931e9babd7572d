import { Fifo } from './fifo.ts'
import { ItemQueue } from './item-queue.ts'

/**
 * Items, and those who want them: whichever comes first waits for the other. First come first served on both sides. Any
 * value is an item, `undefined`, promises and deferreds too, which are not waited for; a Failure makes its `get` fail.
 *
 * Everything takes O(1), however long the queue is, and what has left leaves nothing behind.
 *
 * @example
 * const queue = new DeferredQueue<string>({ size: 100 })
 * const first = queue.get()
 * queue.put('a') // first has fired with 'a'
 * queue.put('b')
 * queue.close()
 * const rest: string[] = []
 * for await (const item of queue) rest.push(item)
 * const all = [await first, ...rest] // all is ['a', 'b']
 */
export class DeferredQueue<T> extends ItemQueue<T> {
  readonly #items = new Fifo<T>()

  /**
   * Puts an item in, or gives it to whoever has waited longest for one: that one's callbacks run before this returns.
   *
   * @throws QueueOverflow ERR_QUEUE_OVERFLOW if the queue is full
   * @throws ClosedError ERR_CLOSED if the queue is closed
   */
  put(item: T): void {
    if (!this._handOver(item)) this.#items.push(item)
  }

  override get length(): number {
    return this.#items.length
  }

  /** Takes all items out. */
  clear(): void {
    this.#items.clear()
  }

  /** Looks at the items as they are now, in the order they will be given out, and takes none. O(n). */
  [Symbol.iterator](): IterableIterator<T> {
    return this.#items.toArray().values()
  }

  /** @internal */
  override _take(): T {
    return this.#items.shift()
  }
}
