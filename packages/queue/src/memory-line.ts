/** What stands in a {@link MemoryLine}: by priority, and among equals by place. */
export interface Standing {
  readonly priority: number
  readonly place: number
}

/**
 * The pending jobs of a queue in memory: a binary heap. Who leaves before its turn is only marked, and swept out when
 * there are more of those than of others: O(log n) for all but the sweeping, which is O(1) for each that left.
 */
export class MemoryLine<E> {
  #heap: (Standing & { readonly entry: E })[] = []
  readonly #standing = new Map<E, Standing>()

  join(entry: E, priority: number, place: number): void {
    const node = { entry, priority, place }
    this.#standing.set(entry, node)
    let at = this.#heap.push(node) - 1
    for (let parent = (at - 1) >> 1; at > 0 && compare(node, this.#heap[parent]!) < 0; parent = (at - 1) >> 1) {
      this.#heap[at] = this.#heap[parent]!
      at = parent
    }
    this.#heap[at] = node
  }

  leave(entry: E): void {
    if (!this.#standing.delete(entry)) return
    if (this.#heap.length > 2 * this.#standing.size + 16) {
      // Sorted is heaped.
      this.#heap = this.#heap.filter((node) => this.#standing.get(node.entry) === node).sort(compare)
    }
  }

  has(entry: E): boolean {
    return this.#standing.has(entry)
  }

  /** The one to start next, or undefined. */
  get first(): E | undefined {
    for (;;) {
      const top = this.#heap[0]
      if (top === undefined || this.#standing.get(top.entry) === top) return top?.entry
      this.#pop()
    }
  }

  /** In the order they will start. O(n log n). */
  toArray(): E[] {
    return this.#heap
      .filter((node) => this.#standing.get(node.entry) === node)
      .sort(compare)
      .map(({ entry }) => entry)
  }

  #pop(): void {
    const last = this.#heap.pop()!
    const { length } = this.#heap
    if (length === 0) return
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= length) break
      if (child + 1 < length && compare(this.#heap[child + 1]!, this.#heap[child]!) < 0) child++
      if (compare(last, this.#heap[child]!) <= 0) break
      this.#heap[at] = this.#heap[child]!
      at = child
    }
    this.#heap[at] = last
  }
}

function compare(a: Standing, b: Standing): number {
  return a.priority - b.priority || a.place - b.place
}
