/** Events on their way to `for await`: those that nobody has asked for yet are kept. */
export class Feed<E> implements AsyncIterableIterator<E> {
  readonly #isOver: () => boolean
  readonly #onEnd: () => void
  #events: E[] = []
  #first = 0
  #waiting: ((result: IteratorResult<E, undefined>) => void)[] = []
  #ended = false

  /** @param isOver whether no more is to come; `onEnd` is called when it has been, or when the consumer leaves */
  constructor(isOver: () => boolean, onEnd: () => void) {
    this.#isOver = isOver
    this.#onEnd = onEnd
  }

  push(event: E): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#events.push(event)
    else next({ done: false, value: event })
    if (this.#waiting.length > 0) this.check()
  }

  /** Lets those go who wait for more than there will be. */
  check(): void {
    if (this.#waiting.length > 0 && this.#isOver()) this.#end()
  }

  next(): Promise<IteratorResult<E, undefined>> {
    if (this.#first < this.#events.length) {
      const value = this.#events[this.#first++] as E
      if (this.#first * 2 > this.#events.length) {
        this.#events = this.#events.slice(this.#first)
        this.#first = 0
      }
      return Promise.resolve({ done: false, value })
    }
    if (!this.#ended && this.#isOver()) this.#end()
    if (this.#ended) return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  return(): Promise<IteratorResult<E, undefined>> {
    this.#events = []
    this.#first = 0
    this.#end()
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #end(): void {
    if (this.#ended) return
    this.#ended = true
    for (const resolve of this.#waiting) resolve({ done: true, value: undefined })
    this.#waiting = []
    this.#onEnd()
  }
}
