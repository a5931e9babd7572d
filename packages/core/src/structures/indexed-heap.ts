/** What a heap holds: each knows its place, so that it can be taken out or moved without looking for it. */
export interface Ranked {
  /** @internal Lower goes first. */ _priority: number
  /** @internal Among equal priorities, lower goes first: a number that counts arrivals. */ _arrival: number
  /** @internal Where the heap keeps it, or has kept it before it rose; not for others to change while it is there. */ _index: number
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
 * A heap whose entries know where they are. `push`, `pop`, `remove` and `reprioritize` take O(log n); nothing is ever
 * marked as deleted and left, so memory is proportional to what is there.
 *
 * What makes it quick is that it touches few entries, which lie anywhere in memory: the priorities have an array of their
 * own, and a node has four children, not two, so that there are half as many levels and the children lie side by side. When one is
 * taken out, many move up by a level: they are not told. Whoever is looked for is where he was told last, or above that.
 */
export class IndexedHeap<E extends Ranked> {
  readonly #entries: E[] = []
  /** `#priorities[i]` is that of `#entries[i]`. */
  readonly #priorities: number[] = []

  get length(): number {
    return this.#entries.length
  }

  /** The one that goes first. */
  get first(): E | undefined {
    return this.#entries[0]
  }

  push(entry: E): void {
    this.#entries.push(entry)
    this.#priorities.push(entry._priority)
    this.#rise(entry, this.#entries.length - 1)
  }

  /** Takes out the first. The heap must not be empty. */
  pop(): E {
    const first = this.#entries[0] as E
    this.#removeAt(0)
    first._index = OUTSIDE
    return first
  }

  /** Takes out an entry that is in this heap. */
  remove(entry: E): void {
    this.#removeAt(this.#find(entry))
    entry._index = OUTSIDE
  }

  /** Gives an entry of this heap another priority. */
  reprioritize(entry: E, priority: number): void {
    entry._priority = priority
    this.#settle(entry, this.#find(entry))
  }

  /** Takes everything out. O(n). */
  clear(): void {
    for (const entry of this.#entries) entry._index = OUTSIDE
    this.#entries.length = this.#priorities.length = 0
  }

  /** All entries, in no particular order. */
  [Symbol.iterator](): Iterator<E> {
    return this.#entries.values()
  }

  /** Where an entry is. */
  #find(entry: E): number {
    const entries = this.#entries
    let index = entry._index
    while (entries[index] !== entry) index = (index - 1) >> 2
    return index
  }

  #removeAt(index: number): void {
    const last = this.#entries.pop() as E
    this.#priorities.pop()
    if (index < this.#entries.length) this.#settle(last, index)
  }

  #settle(entry: E, index: number): void {
    if (index > 0 && goesBefore(entry, this.#entries[(index - 1) >> 2] as E)) this.#rise(entry, index)
    else this.#sink(entry, index)
  }

  /** Puts `entry` at the hole `index` or above it. */
  #rise(entry: E, index: number): void {
    const entries = this.#entries
    const priorities = this.#priorities
    const priority = entry._priority
    let hole = index
    while (hole > 0) {
      const above = (hole - 1) >> 2
      const parent = entries[above] as E
      const other = priorities[above] as number
      if (other < priority || (other === priority && parent._arrival < entry._arrival)) break
      entries[hole] = parent
      priorities[hole] = other
      parent._index = hole
      hole = above
    }
    entries[hole] = entry
    priorities[hole] = priority
    entry._index = hole
  }

  /** Puts `entry` at the hole `index` or below it. */
  #sink(entry: E, index: number): void {
    const entries = this.#entries
    const priorities = this.#priorities
    const priority = entry._priority
    const { length } = entries
    let hole = index
    for (;;) {
      const first = hole * 4 + 1
      if (first >= length) break
      const end = Math.min(first + 4, length)
      let child = first
      let least = priorities[first] as number
      for (let i = first + 1; i < end; i++) {
        const other = priorities[i] as number
        if (other > least || (other === least && (entries[child] as E)._arrival < (entries[i] as E)._arrival)) continue
        child = i
        least = other
      }
      const below = entries[child] as E
      if (least > priority || (least === priority && entry._arrival < below._arrival)) break
      entries[hole] = below
      priorities[hole] = least
      hole = child
    }
    entries[hole] = entry
    priorities[hole] = priority
    entry._index = hole
  }
}
