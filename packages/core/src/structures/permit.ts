/**
 * A place that somebody holds until they release it: `using permit = await lock.acquire()` does so at the end of the
 * block. Releasing it again does nothing, so that it may also be given back early.
 */
export class Permit implements Disposable {
  #giveBack: (() => void) | undefined

  /** @internal */
  constructor(giveBack: () => void) {
    this.#giveBack = giveBack
  }

  /** Whether it has been given back. */
  get released(): boolean {
    return this.#giveBack === undefined
  }

  /** Gives the place back: whoever has waited longest gets it. */
  release(): void {
    const giveBack = this.#giveBack
    this.#giveBack = undefined
    giveBack?.()
  }

  /** As {@link release}. */
  [Symbol.dispose](): void {
    this.release()
  }
}
