/** How many items lie side by side. */
const CHUNK = 256

interface Chunk<T> {
  readonly items: (T | undefined)[]
  next: Chunk<T> | undefined
}

/**
 * Items, first in first out, each in O(1), however many there are: a list of short arrays. (`Array.prototype.shift` moves
 * all the others; one array with a moving start has to be copied now and then, all of it at once.) Memory is that of what
 * is there, and of two chunks at most.
 */
export class Fifo<T> {
  length = 0
  #head: Chunk<T> = { items: [], next: undefined }
  #tail = this.#head
  /** Where in the head the first item is. */
  #start = 0

  push(item: T): void {
    if (this.#tail.items.length === CHUNK) this.#tail = this.#tail.next = { items: [], next: undefined }
    this.#tail.items.push(item)
    this.length++
  }

  /** Takes out the first. There must be one. */
  shift(): T {
    const { items } = this.#head
    const item = items[this.#start] as T
    items[this.#start++] = undefined
    this.length--
    if (this.#start === CHUNK) this.#dropHead()
    return item
  }

  clear(): void {
    this.#head = this.#tail = { items: [], next: undefined }
    this.#start = this.length = 0
  }

  /** All items, in order. O(n). */
  toArray(): T[] {
    const all: T[] = []
    for (let chunk: Chunk<T> | undefined = this.#head; chunk !== undefined; chunk = chunk.next) {
      for (let i = chunk === this.#head ? this.#start : 0; i < chunk.items.length; i++) all.push(chunk.items[i] as T)
    }
    return all
  }

  #dropHead(): void {
    this.#start = 0
    if (this.#head.next === undefined) this.#head.items.length = 0
    else this.#head = this.#head.next
  }
}
