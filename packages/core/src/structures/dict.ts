import type { Deferred } from '../deferred/deferred.ts'
import type { Failure } from '../deferred/failure.ts'
import { QueueOverflow, QueueUnderflow } from '../errors.ts'
import { type Capacity, checkCapacity } from './capacity.ts'
import { Closable } from './closable.ts'
import { fired, fireOnce, Waiters } from './waiters.ts'

/** Those who wait for one key. */
class Line<K, V> extends Waiters<V> {
  readonly key: K

  constructor(key: K, onLeave: (line: Line<K, V>) => void) {
    super(onLeave as (line: Waiters<V>) => void)
    this.key = key
  }
}

/**
 * A `Map` whose values may be asked for before they are there: `get` waits until its key is set. Any value can be set,
 * `undefined`, promises and deferreds too, which are not waited for; a Failure makes `get` fail.
 *
 * @example
 * const config = new DeferredDict<string, number>()
 * const port = config.get('port')
 * config.set('port', 8080) // port has fired with 8080
 * const again = await config.get('port') // again is 8080
 */
export class DeferredDict<K, V> extends Closable {
  readonly #size: number
  readonly #backlog: number
  readonly #values = new Map<K, V>()
  /** Those who wait, by key: a key's line goes with the last of them. */
  readonly #lines = new Map<K, Line<K, V>>()
  #waiting = 0
  readonly #onLeave = (line: Line<K, V>): void => {
    this.#waiting--
    if (line.size === 0) this.#lines.delete(line.key)
  }

  /**
   * @param capacity `size`: how many keys there may be; `backlog`: how many `get`s may wait, over all keys
   * @throws RangeError ERR_INVALID_SIZE unless these are whole numbers, zero or more
   */
  constructor({ size = Infinity, backlog = Infinity }: Capacity = {}) {
    super()
    this.#size = checkCapacity(size, 'A size')
    this.#backlog = checkCapacity(backlog, 'A backlog')
  }

  /**
   * The value of a key, when there is one; it stays there. Everybody who asks has a deferred of their own, and whoever
   * cancels it waits no longer.
   *
   * @returns fires with the value, at once if there is one; fails with ClosedError ERR_CLOSED if the dict is closed before
   *   there is one
   * @throws QueueUnderflow ERR_QUEUE_UNDERFLOW if there is no such key and the backlog is full
   */
  get(key: K): Deferred<V> {
    const value = this.#values.get(key)
    if (value !== undefined || this.#values.has(key)) return fired(value as V)
    if (this._closing !== undefined) return fired<V>(this._closing)
    if (this.#waiting >= this.#backlog) throw new QueueUnderflow(this.#backlog)
    this.#waiting++
    return this.#line(key).add()
  }

  /**
   * Gives a key a value, or another one, and fires those who wait for the key with it, in order of arrival; their callbacks
   * run before this returns. O(those who wait for the key).
   *
   * @throws QueueOverflow ERR_QUEUE_OVERFLOW if the key is new and the dict is full
   * @throws ClosedError ERR_CLOSED if the dict is closed
   */
  set(key: K, value: V): void {
    this._checkOpen()
    if (this.#values.size >= this.#size && !this.#values.has(key)) throw new QueueOverflow(this.#size)
    this.#values.set(key, value)
    const line = this.#lines.get(key)
    if (line === undefined) return
    this.#lines.delete(key)
    this.#waiting -= line.size
    line.wake(value)
  }

  /** Whether the key has a value. */
  has(key: K): boolean {
    return this.#values.has(key)
  }

  /** Takes a key and its value out. Whether it was there. */
  delete(key: K): boolean {
    return this.#values.delete(key)
  }

  /** Takes all out that is there. Those who wait go on waiting. O(n). */
  clear(): void {
    this.#values.clear()
  }

  /** How many keys have a value. */
  get size(): number {
    return this.#values.size
  }

  /** How many wait for a value, over all keys. */
  get waiting(): number {
    return this.#waiting
  }

  /** The keys that somebody waits for, in the order in which they were first asked for: what is to be produced. */
  awaited(): IterableIterator<K> {
    return this.#lines.keys()
  }

  /** The keys that have a value, in the order of their first setting, as a `Map`'s. */
  keys(): IterableIterator<K> {
    return this.#values.keys()
  }

  /** The values, in the order of their keys. */
  values(): IterableIterator<V> {
    return this.#values.values()
  }

  /** The keys with their values. */
  entries(): IterableIterator<[K, V]> {
    return this.#values.entries()
  }

  /** What is there, as {@link entries}. */
  [Symbol.iterator](): IterableIterator<[K, V]> {
    return this.#values.entries()
  }

  /** @internal */
  override _dismiss(failure: Failure): void {
    const waiting = [...this.#lines.values()].flatMap((line) => line.takeAll())
    this.#lines.clear()
    this.#waiting = 0
    for (const waiter of waiting) fireOnce(waiter, failure)
  }

  #line(key: K): Line<K, V> {
    let line = this.#lines.get(key)
    if (line === undefined) this.#lines.set(key, (line = new Line(key, this.#onLeave)))
    return line
  }
}
