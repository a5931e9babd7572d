import { add } from '../deferred/chain.ts'
import { CHAIN } from '../deferred/pairs.ts'
import { Deferred } from '../deferred/deferred.ts'
import type { Awaitable } from '../deferred/types.ts'

/**
 * A deferred that you fire or cancel yourself, whatever the one it was made of does: that one's result is its result too,
 * if it comes first. Fires once; whoever is late (you, or the original) is ignored.
 *
 * Firing or cancelling it by hand cancels the original. The original keeps its own result; its failure counts as handled.
 * Cancelled when it has fired, it is left as it is, and so is the original: what its own callbacks have made it wait for
 * since is cancelled, as in any deferred.
 *
 * @example
 * const slow = new Deferred<string>()
 * const answer = new ControllableDeferred(slow)
 * answer.callback('enough waited') // slow has been cancelled
 * answer.callback('too late') // ignored
 * await answer.addCallback((value) => value.length) // fires with 13
 */
export class ControllableDeferred<T> extends Deferred<T> {
  readonly #original: Deferred<T>

  /** @param original a deferred, any thenable, or a plain value: with that it has fired already */
  constructor(original: Awaitable<T>) {
    const given = Deferred.from(original)
    super((_, reason) => given.cancel(reason))
    this.#original = given
    // Not chainDeferred, which would forbid firing it by hand.
    add(given, this, CHAIN)
  }

  /** Fires it, and cancels the original; ignored once it has fired. */
  override callback(value: T): void {
    if (this.called) return
    super.callback(value)
    this.#original.cancel()
  }

  /** Fails it, and cancels the original; ignored once it has fired. */
  override errback(reason: unknown): void {
    if (this.called) return
    super.errback(reason)
    this.#original.cancel()
  }
}
