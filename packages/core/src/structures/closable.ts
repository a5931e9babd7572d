import { Failure } from '../deferred/failure.ts'
import { ClosedError } from '../errors.ts'

/** What all structures have in common: they are open until they are closed, for good. */
export abstract class Closable implements Disposable {
  /** @internal What those fail with who wait when it is closed, and who come after that. */
  _closing: Failure<ClosedError> | undefined = undefined

  /** Whether it was closed. */
  get closed(): boolean {
    return this._closing !== undefined
  }

  /**
   * Takes nothing more, and lets nobody wait: whoever waits now fails with a {@link ClosedError}, and so will whoever would
   * have to. What is there can still be taken. Closing again does nothing. O(those who wait).
   *
   * @param reason becomes the error's `cause`
   */
  close(reason?: unknown): void {
    if (this._closing !== undefined) return
    this._closing = new Failure(new ClosedError(reason))
    this._dismiss(this._closing)
  }

  /** Closes it: `using queue = …`. */
  [Symbol.dispose](): void {
    this.close()
  }

  /** @internal Fails everyone who waits. */
  abstract _dismiss(failure: Failure): void

  /** @internal @throws ClosedError ERR_CLOSED if it was closed */
  _checkOpen(): void {
    // An error of its own, whose stack tells who came too late; that of `_closing` tells who closed.
    if (this._closing !== undefined) throw new ClosedError(this._closing.value.cause)
  }
}
