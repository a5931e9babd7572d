import { usageError } from '../errors.ts'
import { byRank, goesBefore, IndexedHeap, OUTSIDE, type Ranked } from './indexed-heap.ts'
import { type Linked, LinkedList } from './linked-list.ts'

/** What stands in a {@link PriorityLine}. */
export interface Standing<E> extends Ranked, Linked<E> {}

/** In `_index`: in the line's list, not in its heap. */
const IN_LIST = -2

/**
 * A line in order of priority and then of arrival, which anyone may leave, or change places in, at any time.
 *
 * Whoever arrives in order (with all priorities equal, that is everyone) stands in a list, where joining and leaving
 * are O(1); the others are in a heap, at O(log n). The one to go first is the first of either.
 */
export class PriorityLine<E extends Standing<E>> {
  readonly #list = new LinkedList<E>()
  readonly #heap = new IndexedHeap<E>()
  /** How many stand in it; not for others to change. */
  length = 0

  /** Lets in an entry that is in no line. */
  join(entry: E): void {
    this.length++
    const { last } = this.#list
    if (last === null || goesBefore(last, entry)) {
      entry._index = IN_LIST
      this.#list.append(entry)
    } else {
      this.#heap.push(entry)
    }
  }

  /** Takes out the one that goes first. The line must not be empty. */
  shift(): E {
    const { first } = this.#list
    const top = this.#heap.first
    this.length--
    if (first === null || (top !== undefined && goesBefore(top, first))) return this.#heap.pop()
    this.#list.remove(first)
    first._index = OUTSIDE
    return first
  }

  /** Whether an entry stands in this line, given that it stands in no other. */
  has(entry: E): boolean {
    return entry._index !== OUTSIDE
  }

  /** Takes out an entry that is in this line. */
  leave(entry: E): void {
    this.length--
    if (entry._index === IN_LIST) {
      this.#list.remove(entry)
      entry._index = OUTSIDE
    } else {
      this.#heap.remove(entry)
    }
  }

  /** Gives an entry of this line another priority; it keeps its time of arrival. */
  reprioritize(entry: E, priority: number): void {
    if (entry._index === IN_LIST) {
      this.leave(entry)
      entry._priority = priority
      this.join(entry)
    } else {
      this.#heap.reprioritize(entry, priority)
    }
  }

  /** Which place an entry of this line has, from 1. O(n). */
  position(entry: E): number {
    let place = 1
    for (const other of this.#list) if (goesBefore(other, entry)) place++
    for (const other of this.#heap) if (goesBefore(other, entry)) place++
    return place
  }

  /** Everyone, in the order they will go. O(n log n). */
  toArray(): E[] {
    return [...this.#list, ...this.#heap].sort(byRank)
  }

  /** Takes everyone out, in the order they would have gone. O(n log n). */
  takeAll(): E[] {
    const all = this.toArray()
    this.clear()
    return all
  }

  /** Takes everyone out. O(n). */
  clear(): void {
    this.length -= this.#heap.length
    this.#heap.clear()
    for (let { first } = this.#list; first !== null; { first } = this.#list) this.leave(first)
  }
}

/** @throws RangeError ERR_INVALID_PRIORITY unless `priority` is a finite number */
export function checkPriority(priority: number): void {
  if (typeof priority === 'number' && Number.isFinite(priority)) return
  throw usageError(RangeError, 'ERR_INVALID_PRIORITY', `A priority is a finite number; got ${String(priority)}`)
}
