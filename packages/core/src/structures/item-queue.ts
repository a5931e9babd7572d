import { fire } from '../deferred/chain.ts'
import type { Deferred } from '../deferred/deferred.ts'
import type { Failure } from '../deferred/failure.ts'
import { QueueOverflow, QueueUnderflow } from '../errors.ts'
import { type Capacity, checkCapacity } from './capacity.ts'
import { Closable } from './closable.ts'
import { Taker } from './taker.ts'
import { fired, Waiters } from './waiters.ts'

/** What queues have in common: whoever comes first, an item or somebody who wants one, waits for the other. */
export abstract class ItemQueue<T> extends Closable implements AsyncIterable<T> {
  readonly #size: number
  readonly #backlog: number
  readonly #getters = new Waiters<T>()

  /** @throws RangeError ERR_INVALID_SIZE unless `size` and `backlog` are whole numbers, zero or more */
  constructor({ size = Infinity, backlog = Infinity }: Capacity = {}) {
    super()
    this.#size = checkCapacity(size, 'A size')
    this.#backlog = checkCapacity(backlog, 'A backlog')
  }

  /** How many items there are. */
  abstract get length(): number

  /** How many wait for an item. */
  get waiting(): number {
    return this.#getters.size
  }

  /**
   * Takes the first item out, when there is one. Whoever cancels the deferred waits no longer.
   *
   * @returns fires with the item, at once if there is one; fails with ClosedError ERR_CLOSED if the queue is closed before
   *   there is one
   * @throws QueueUnderflow ERR_QUEUE_UNDERFLOW if there is no item and the backlog is full
   */
  get(): Deferred<T> {
    if (this.length > 0) return fired(this._take())
    if (this._closing !== undefined) return fired<T>(this._closing)
    if (this.#getters.size >= this.#backlog) throw new QueueUnderflow(this.#backlog)
    return this.#getters.add()
  }

  /**
   * Takes items out, one for each turn of the loop, and waits for those to come. Ends when the queue is closed and what was
   * in it has been taken. Several loops share the items. Leaving the loop leaves no `get` behind.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<T> {
    return new Taker(this)
  }

  /** @internal Gives an item to whoever has waited longest; `false`: nobody waits, and there is room to keep it. */
  _handOver(item: T): boolean {
    this._checkOpen()
    const getter = this.#getters.shift()
    if (getter !== undefined) {
      fire(getter, item)
      return true
    }
    if (this.length >= this.#size) throw new QueueOverflow(this.#size)
    return false
  }

  /** @internal */
  override _dismiss(failure: Failure): void {
    this.#getters.wake(failure)
  }

  /** @internal Takes the first item out; there is one. */
  abstract _take(): T
}
