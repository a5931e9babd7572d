/** What a heap holds: each knows its place, so that it can be taken out or moved without looking for it. */
export interface Ranked {
  /** @internal Lower goes first. */ _priority: number
  /** @internal Among equal priorities, lower goes first: a number that counts arrivals. */ _arrival: number
  /** @internal Where the heap keeps it; not for others to change while it is there. */ _index: number
}

/** In `_index`: in no heap. */
export const OUTSIDE = -1

/** Whether `a` goes before `b`. No two that differ are level, so every order of the heap is the one stable order. */
export function goesBefore(a: Ranked, b: Ranked): boolean {
  return a._priority < b._priority || (a._priority === b._priority && a._arrival < b._arrival)
}

/** For `Array.prototype.sort`. */
export function byRank(a: Ranked, b: Ranked): number {
  return a._priority - b._priority || a._arrival - b._arrival
}

/**
 * A heap whose entries know where they are. `push`, `pop`, `remove` and `moved` take O(log n); nothing is ever marked as
 * deleted and left, so memory is proportional to what is there.
 *
 * It has four children to a node, not two: half the levels, and the children lie side by side in the array.
 */
export class IndexedHeap<E extends Ranked> {
  /** In the heap's order; `entries[0]` goes first. */
  readonly entries: E[] = []

  get length(): number {
    return this.entries.length
  }

  push(entry: E): void {
    this.entries.push(entry)
    this.#rise(entry, this.entries.length - 1)
  }

  /** Takes out the first. The heap must not be empty. */
  pop(): E {
    const first = this.entries[0] as E
    const last = this.entries.pop() as E
    if (last !== first) this.#sink(last, 0)
    first._index = OUTSIDE
    return first
  }

  /** Takes out an entry that is in this heap. */
  remove(entry: E): void {
    const index = entry._index
    const last = this.entries.pop() as E
    entry._index = OUTSIDE
    if (last !== entry) this.#settle(last, index)
  }

  /** To be called after the priority of an entry in this heap has changed. */
  moved(entry: E): void {
    this.#settle(entry, entry._index)
  }

  /** Takes everything out. O(n). */
  clear(): void {
    for (const entry of this.entries.splice(0)) entry._index = OUTSIDE
  }

  #settle(entry: E, index: number): void {
    if (index > 0 && goesBefore(entry, this.entries[(index - 1) >> 2] as E)) this.#rise(entry, index)
    else this.#sink(entry, index)
  }

  /** Puts `entry` at the hole `index` or above it. */
  #rise(entry: E, index: number): void {
    const { entries } = this
    while (index > 0) {
      const above = (index - 1) >> 2
      const parent = entries[above] as E
      if (!goesBefore(entry, parent)) break
      entries[index] = parent
      parent._index = index
      index = above
    }
    entries[index] = entry
    entry._index = index
  }

  /** Puts `entry` at the hole `index` or below it. */
  #sink(entry: E, index: number): void {
    const { entries } = this
    const { length } = entries
    for (;;) {
      const first = index * 4 + 1
      if (first >= length) break
      const end = Math.min(first + 4, length)
      let least = first
      let child = entries[first] as E
      for (let i = first + 1; i < end; i++) {
        const other = entries[i] as E
        if (goesBefore(other, child)) {
          least = i
          child = other
        }
      }
      if (!goesBefore(child, entry)) break
      entries[index] = child
      child._index = index
      index = least
    }
    entries[index] = entry
    entry._index = index
  }
}
