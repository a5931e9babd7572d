/** What a {@link LinkedList} holds: the links are in the nodes, so that any of them can leave the line in O(1). */
export interface Linked<N> {
  /** @internal */ _next: N | null
  /** @internal */ _previous: N | null
}

/**
 * A line that nodes join at its end and leave from anywhere. (A `Set` keeps the places of those that left until it
 * is rehashed, and looks at each of them when asked for its first: with many leaving, that is quadratic.)
 */
export class LinkedList<N extends Linked<N>> {
  first: N | null = null
  last: N | null = null
  length = 0

  append(node: N): void {
    const { last } = this
    node._previous = last
    if (last === null) this.first = node
    else last._next = node
    this.last = node
    this.length++
  }

  /** Takes out a node that is in this list. */
  remove(node: N): void {
    const { _next: next, _previous: previous } = node
    if (previous === null) this.first = next
    else previous._next = next
    if (next === null) this.last = previous
    else next._previous = previous
    node._next = node._previous = null
    this.length--
  }

  *[Symbol.iterator](): Generator<N, void, undefined> {
    for (let node = this.first; node !== null; node = node._next) yield node
  }
}
