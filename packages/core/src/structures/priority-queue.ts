import { fire } from '../deferred/chain.ts'
import { type Canceller, Deferred } from '../deferred/deferred.ts'
import { DuplicateItemError, KeyError, QueueOverflow, QueueUnderflow } from '../errors.ts'
import { type Capacity, checkCapacity } from './capacity.ts'
import { OUTSIDE } from './indexed-heap.ts'
import { type Linked, LinkedList } from './linked-list.ts'
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

/** What a `get` that has to wait gives. */
class Getter<T> extends Deferred<T> implements Linked<Getter<T>> {
  _next: Getter<T> | null = null
  _previous: Getter<T> | null = null
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
 * const first = await queue.get() // 'now'
 * const second = await queue.get() // 'soon'
 * const third = queue.get()
 * queue.put('late') // third fires with 'late'
 */
export class DeferredPriorityQueue<T> {
  readonly #size: number
  readonly #backlog: number
  readonly #line = new PriorityLine<Entry<T>>()
  readonly #entries = new Map<T, Entry<T>>()
  readonly #getters = new LinkedList<Getter<T>>()
  readonly #withdraw: Canceller<T>
  #arrivals = 0

  /** @throws RangeError ERR_INVALID_SIZE unless `size` and `backlog` are whole numbers, zero or more */
  constructor({ size = Infinity, backlog = Infinity }: Capacity = {}) {
    this.#size = checkCapacity(size, 'A size')
    this.#backlog = checkCapacity(backlog, 'A backlog')
    this.#withdraw = (getter) => this.#getters.remove(getter as Getter<T>)
  }

  /**
   * Puts an item in, or gives it to whoever has waited longest for one. Items are told apart as by a `Map`.
   *
   * @param priority lower goes first
   * @throws RangeError ERR_INVALID_PRIORITY unless the priority is a finite number
   * @throws DuplicateItemError ERR_DUPLICATE_ITEM if the item is in the queue
   * @throws QueueOverflow ERR_QUEUE_OVERFLOW if the queue is full
   */
  put(item: T, priority = 0): void {
    checkPriority(priority)
    if (this.#entries.has(item)) throw new DuplicateItemError()
    for (let getter = this.#getters.first; getter !== null; getter = this.#getters.first) {
      this.#getters.remove(getter)
      // One that was fired by hand wants nothing more.
      if (!getter.called) return fire(getter, item)
    }
    if (this.#entries.size >= this.#size) throw new QueueOverflow(this.#size)
    const entry = new Entry(item, priority, ++this.#arrivals)
    this.#entries.set(item, entry)
    this.#line.join(entry)
  }

  /**
   * Takes the first item out, when there is one. Whoever cancels the deferred waits no longer.
   *
   * @returns fires with the item, at once if there is one
   * @throws QueueUnderflow ERR_QUEUE_UNDERFLOW if there is no item and the backlog is full
   */
  get(): Deferred<T> {
    if (this.#line.length > 0) {
      const { item } = this.#line.shift()
      this.#entries.delete(item)
      const deferred = new Deferred<T>()
      fire(deferred, item)
      return deferred
    }
    if (this.#getters.length >= this.#backlog) throw new QueueUnderflow(this.#backlog)
    const getter = new Getter<T>(this.#withdraw)
    this.#getters.append(getter)
    return getter
  }

  /** Takes an item out. @throws KeyError ERR_KEY if it is not in the queue */
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

  /** How many items there are. */
  get length(): number {
    return this.#entries.size
  }

  /** The items as they are now, in the order they will be given out. O(n log n). */
  *[Symbol.iterator](): Generator<T, void, undefined> {
    for (const { item } of this.#line.toArray()) yield item
  }

  #find(item: T): Entry<T> {
    const entry = this.#entries.get(item)
    if (entry === undefined) throw new KeyError('There is no such item in the queue')
    return entry
  }
}
