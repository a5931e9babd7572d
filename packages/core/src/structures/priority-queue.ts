import { DuplicateItemError, KeyError } from '../errors.ts'
import { OUTSIDE } from './indexed-heap.ts'
import { ItemQueue } from './item-queue.ts'
import { checkPriority, PriorityLine, type Standing } from './priority-line.ts'

/** An item in the queue. */
class Entry<T> implements Standing<Entry<T>> {
  readonly item: T
  _priority: number
  _arrival: number
  _index: number
  _next: Entry<T> | null
  _previous: Entry<T> | null

  constructor(item: T, priority: number, arrival: number) {
    this.item = item
    this._priority = priority
    this._arrival = arrival
    this._index = OUTSIDE
    this._next = null
    this._previous = null
  }
}

/**
 * Items, and those who want them: whichever comes first waits for the other. Lower priorities go first, and first come
 * first served among equals.
 *
 * All changes take O(log n) at most, and what has left leaves nothing behind.
 *
 * @example
 * const queue = new DeferredPriorityQueue<string>()
 * queue.put('soon', 1)
 * queue.put('now', 0)
 * const first = await queue.get() // first is 'now'
 * const second = await queue.get() // second is 'soon'
 * const third = queue.get()
 * queue.put('late') // third fires with 'late'
 */
export class DeferredPriorityQueue<T> extends ItemQueue<T> {
  readonly #line = new PriorityLine<Entry<T>>()
  readonly #entries = new Map<T, Entry<T>>()
  #arrivals = 0

  /**
   * Puts an item in, or gives it to whoever has waited longest for one: that one's callbacks run before this returns. Items
   * are told apart as by a `Map`.
   *
   * @param priority lower goes first
   * @throws RangeError ERR_INVALID_PRIORITY unless the priority is a finite number
   * @throws DuplicateItemError ERR_DUPLICATE_ITEM if the item is in the queue
   * @throws QueueOverflow ERR_QUEUE_OVERFLOW if the queue is full
   * @throws ClosedError ERR_CLOSED if the queue is closed
   */
  put(item: T, priority = 0): void {
    checkPriority(priority)
    if (this.#entries.has(item)) throw new DuplicateItemError()
    if (this._handOver(item)) return
    const entry = new Entry(item, priority, ++this.#arrivals)
    this.#entries.set(item, entry)
    this.#line.join(entry)
  }

  /**
   * Takes an item out.
   *
   * @throws KeyError ERR_KEY if the item is not in the queue
   */
  delete(item: T): void {
    this.#line.leave(this.#find(item))
    this.#entries.delete(item)
  }

  /**
   * Gives an item another priority; among equals it keeps its time of arrival.
   *
   * @throws KeyError ERR_KEY if the item is not in the queue
   * @throws RangeError ERR_INVALID_PRIORITY unless the priority is a finite number
   */
  reprioritize(item: T, priority: number): void {
    checkPriority(priority)
    this.#line.reprioritize(this.#find(item), priority)
  }

  /** Whether the item is in the queue. O(1). */
  has(item: T): boolean {
    return this.#entries.has(item)
  }

  /** Takes all items out. O(n). */
  clear(): void {
    this.#line.clear()
    this.#entries.clear()
  }

  override get length(): number {
    return this.#entries.size
  }

  /** Looks at the items as they are now, in the order they will be given out, and takes none. O(n log n). */
  [Symbol.iterator](): IterableIterator<T> {
    return this.#line.toArray().map(({ item }) => item).values()
  }

  /** @internal */
  override _take(): T {
    const { item } = this.#line.shift()
    this.#entries.delete(item)
    return item
  }

  #find(item: T): Entry<T> {
    const entry = this.#entries.get(item)
    if (entry === undefined) throw new KeyError('There is no such item in the queue')
    return entry
  }
}
