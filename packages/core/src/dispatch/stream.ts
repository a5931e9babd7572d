/** Things on their way to `for await`: those that nobody has asked for yet are kept. */
export class Stream<E> implements AsyncIterableIterator<E> {
  #kept: E[] = []
  /** How many of those were taken already. */
  #taken = 0
  #asking: ((result: IteratorResult<E, undefined>) => void)[] = []
  #ended = false
  readonly #onEnd: () => void

  /** @param onEnd called when it has come to its end, or its consumer has left */
  constructor(onEnd: () => void) {
    this.#onEnd = onEnd
  }

  push(value: E): void {
    if (this.#ended) return
    const ask = this.#asking.shift()
    if (ask === undefined) this.#kept.push(value)
    else ask({ done: false, value })
  }

  /** What is kept can still be taken. */
  end(): void {
    if (this.#ended) return
    this.#ended = true
    for (const ask of this.#asking.splice(0)) ask({ done: true, value: undefined })
    this.#onEnd()
  }

  next(): Promise<IteratorResult<E, undefined>> {
    if (this.#taken < this.#kept.length) {
      const value = this.#kept[this.#taken++] as E
      if (this.#taken * 2 > this.#kept.length) {
        this.#kept = this.#kept.slice(this.#taken)
        this.#taken = 0
      }
      return Promise.resolve({ done: false, value })
    }
    if (this.#ended) return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve) => this.#asking.push(resolve))
  }

  return(): Promise<IteratorResult<E, undefined>> {
    this.#kept = []
    this.#taken = 0
    this.end()
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}
