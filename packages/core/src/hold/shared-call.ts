import { append, fire } from '../deferred/chain.ts'
import { Deferred, maybeDeferred } from '../deferred/deferred.ts'
import type { Failure } from '../deferred/failure.ts'
import { HANDLED } from '../deferred/flags.ts'

/** One call that several wait for, each with a deferred of their own; cancelled when nobody waits any more. */
export class SharedCall<R> {
  readonly #waiters = new Set<Deferred<R>>()
  readonly #onEnd: (call: SharedCall<R>, result: R | Failure | undefined) => void
  #kept: boolean
  #work: Deferred<unknown> | undefined
  #over = false
  #reason: unknown

  /**
   * @param onEnd told the result before the waiters are; `undefined` and `abandoned`: the last waiter has left
   * @param kept counts as a waiter, until {@link letGo}
   */
  constructor(kept: boolean, onEnd: (call: SharedCall<R>, result: R | Failure | undefined) => void) {
    this.#kept = kept
    this.#onEnd = onEnd
  }

  /** Whether it was cancelled because nobody waited any more. */
  abandoned = false

  /** Calls `fn`. Waiters may have joined before, and may come and go while `fn` runs. */
  start(fn: () => unknown): void {
    const work: Deferred<unknown> = maybeDeferred(fn)
    this.#work = work
    if (this.#over) work.cancel(this.#reason)
    append(
      work,
      (value: R) => {
        this.#end(value)
        return value
      },
      (failure: Failure) => {
        // A failed refresh that nobody waits for is left to be reported.
        if (this.#over || this.#waiters.size > 0) work._flags |= HANDLED
        this.#end(failure)
        return failure
      },
    )
  }

  /** A deferred of the result: cancelling it withdraws whoever asked for it, and the call with the last of them. */
  join(): Deferred<R> {
    const waiter = new Deferred<R>((waiter, reason) => {
      this.#waiters.delete(waiter)
      if (!this.#kept && this.#waiters.size === 0) this.#abandon(reason)
    })
    this.#waiters.add(waiter)
    return waiter
  }

  /** Whoever kept it does not want it any more. */
  letGo(): void {
    if (!this.#kept) return
    this.#kept = false
    if (this.#waiters.size === 0) this.#abandon(undefined)
  }

  #abandon(reason: unknown): void {
    if (this.#over) return
    this.#over = true
    this.#reason = reason
    this.abandoned = true
    this.#onEnd(this, undefined)
    this.#work?.cancel(reason)
  }

  #end(result: R | Failure): void {
    if (this.#over) return
    this.#over = true
    this.#onEnd(this, result)
    // Those that are cancelled meanwhile have left the set, and are not come to.
    for (const waiter of this.#waiters) if (!waiter.called) fire(waiter, result)
    this.#waiters.clear()
  }
}
