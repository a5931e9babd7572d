/** What is held open for somebody, and must end when the server closes. */
export class Held {
  readonly #ends = new Set<() => void>()
  #closed = false

  get closed(): boolean {
    return this.#closed
  }

  /**
   * @param end ends it; called at once if all is closed already
   * @returns takes it out again, once it has ended by itself
   */
  add(end: () => void): () => void {
    if (this.#closed) {
      end()
      return () => {}
    }
    this.#ends.add(end)
    return () => this.#ends.delete(end)
  }

  close(): void {
    this.#closed = true
    for (const end of this.#ends) end()
    this.#ends.clear()
  }
}
