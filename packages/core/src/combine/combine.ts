import { fire } from '../deferred/chain.ts'
import { Deferred } from '../deferred/deferred.ts'
import { cancelledBecause, type Failure } from '../deferred/failure.ts'
import type { Handling } from '../deferred/tap.ts'
import { isCancelled } from '../errors.ts'
import { DeferredListObserver } from './observer.ts'
import type { Firing } from './types.ts'

/** How a combination comes to its result. */
export interface Plan<T> {
  /** What becomes of members' failures. */
  readonly handling: Handling
  /**
   * Looks at one more firing. Gives the result, a value or a Failure, or nothing while it is not decided. Not asked about
   * members that fail because the combination is being cancelled: those decide nothing.
   */
  readonly decide: (firing: Firing<T>) => unknown
  /** Whether members that have not fired are cancelled when it is decided. */
  readonly cancelLosers?: boolean
  /** Hears of every firing, before it is decided. */
  readonly onFiring?: (firing: Firing<T>) => void
  /** Hears of members' progress. */
  readonly onProgress?: (index: number, value: unknown, result: Deferred<unknown>) => void
  /** Called first when the result is cancelled. */
  readonly onCancel?: () => void
}

/** A combination underway: an observer that is let go of when the result is there. */
export class Combination<T, R> {
  readonly observer = new DeferredListObserver<T>()
  readonly result: Deferred<R>
  /** The result was cancelled. */
  cancelled = false
  over = false
  private readonly cancelLosers: boolean
  private holding = 0
  private outcome: unknown = undefined
  private reason: unknown = undefined

  constructor({ handling, decide, cancelLosers = false, onFiring, onProgress, onCancel }: Plan<T>) {
    const { observer } = this
    this.cancelLosers = cancelLosers
    this.result = new Deferred<R>((_, reason) => {
      onCancel?.()
      this.cancel(reason)
    })
    observer._handling = handling
    if (onProgress !== undefined) {
      observer._onProgress = (index, value) => onProgress(index, value, this.result as Deferred<unknown>)
    }
    observer.observe((firing) => {
      onFiring?.(firing)
      if (this.over) return
      if (this.cancelled && !firing.success && this.saysNoMore(firing.failure)) return
      const outcome = decide(firing)
      if (outcome !== undefined) this.finish(outcome)
    })
  }

  append(members: readonly unknown[]): void {
    this.hold(() => {
      for (const member of members) this.observer.append(member as T)
    })
  }

  /** What is decided while `work` runs comes into force after it, when all members are there and are handled alike. */
  hold(work: () => void): void {
    this.holding++
    work()
    this.holding--
    if (this.over && this.holding === 0) this.end()
  }

  /** It is decided: `outcome` is a value or a Failure. */
  finish(outcome: unknown): void {
    if (this.over) return
    this.over = true
    this.outcome = outcome
    if (this.holding === 0) this.end()
  }

  private end(): void {
    const { observer, result, outcome } = this
    if (this.cancelLosers) this.cancelMembers(undefined)
    observer._release()
    this.outcome = undefined
    if (!result.called) fire(result, outcome)
  }

  private cancel(reason: unknown): void {
    // A loser's canceller cancels what is decided already.
    if (this.over) return fire(this.result, this.outcome)
    this.cancelled = true
    this.reason = reason
    this.hold(() => this.cancelMembers(reason))
    this.over = true
    this.observer._release()
  }

  /** Whether a member's failure is the cancellation itself: the combination's own error says that better. */
  private saysNoMore(failure: Failure): boolean {
    if (cancelledBecause(failure) !== undefined) return true
    const { value } = failure
    return isCancelled(value) || (this.reason !== undefined && value === this.reason)
  }

  private cancelMembers(reason: unknown): void {
    for (const member of [...this.observer._members]) member.deferred?.cancel(reason)
  }
}

/** The deferred of a combination of `items`. */
export function combine<T, R>(items: readonly unknown[], plan: Plan<T>): Deferred<R> {
  const combination = new Combination<T, R>(plan)
  combination.append(items)
  return combination.result
}
