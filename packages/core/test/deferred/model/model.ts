/**
 * The callback chain as one would write it down to explain it: arrays, recursion, no thought of speed. What the engine
 * does is compared with what this does.
 */

/** What a chain carries: a value, or an error's name. */
export type Result = { readonly value: unknown } | { readonly error: string }
/** What a handler gives back. */
export type Returned = Result | { readonly deferred: Model }
export type Side = (result: Result) => Returned

type Pair =
  | { readonly kind: 'callbacks'; readonly onValue: Side | undefined; readonly onFailure: Side | undefined }
  | { readonly kind: 'give'; readonly to: Model }
  | { readonly kind: 'chain'; readonly to: Model }

export class Model {
  fired = false
  result: Result = { value: undefined }
  waitsFor: Model | undefined
  private readonly pairs: Pair[] = []
  private pauses = 0
  private running = false
  private chained = false
  private cancelled = false
  private cancelling = false
  private ignoreNext = false
  private readonly canceller: (() => void) | undefined

  constructor(canceller: (() => void) | undefined) {
    this.canceller = canceller
  }

  fire(result: Result): void {
    if (this.fired) {
      if (!this.ignoreNext) throw 'ERR_ALREADY_CALLED'
      this.ignoreNext = false
      return
    }
    if (this.chained) throw 'ERR_CHAINED'
    this.settle(result)
  }

  add(onValue: Side | undefined, onFailure: Side | undefined): void {
    this.push({ kind: 'callbacks', onValue, onFailure })
  }

  chain(other: Model): void {
    if (other === this || other.chained) throw 'ERR_CHAINED'
    if (other.fired && !other.cancelled) throw 'ERR_ALREADY_CALLED'
    if (!other.fired) other.chained = true
    this.push({ kind: 'chain', to: other })
  }

  pause(): void {
    this.pauses++
  }

  unpause(): void {
    if (this.pauses === 0) throw 'ERR_NOT_PAUSED'
    this.pauses--
    this.run()
  }

  cancel(): void {
    if (!this.fired) {
      this.cancelled = true
      if (this.cancelling) return
      const error = this.stopWork()
      if (!this.fired) this.settle({ error })
    } else if (this.waitsFor !== undefined) {
      this.cancelled = true
      this.waitsFor.cancel()
    }
  }

  private push(pair: Pair): void {
    this.pairs.push(pair)
    this.run()
  }

  private settle(result: Result): void {
    this.fired = true
    this.chained = false
    this.result = result
    this.run()
  }

  /** Runs the canceller, once; the error to fail with if that did not fire the deferred. */
  private stopWork(): string {
    const again = this.cancelling
    this.cancelling = true
    this.cancelled = true
    this.chained = false
    if (this.canceller === undefined) this.ignoreNext = true
    else if (!again) {
      try {
        this.canceller()
      } catch (error) {
        return error as string
      }
    }
    return 'ERR_CANCELLED'
  }

  private run(): void {
    while (this.fired && !this.running && this.pauses === 0 && this.waitsFor === undefined) {
      const pair = this.pairs.shift()
      if (pair === undefined) return
      if (pair.kind === 'give') this.give(pair.to)
      else if (pair.kind === 'chain') this.passOn(pair.to)
      else this.call(pair.onValue, pair.onFailure)
    }
  }

  private call(onValue: Side | undefined, onFailure: Side | undefined): void {
    const side = 'error' in this.result ? onFailure : onValue
    if (side === undefined) return
    this.running = true
    const returned = side(this.result)
    this.running = false
    if (!('deferred' in returned)) this.result = returned
    else this.follow(returned.deferred)
  }

  private follow(inner: Model): void {
    if (inner === this) this.result = { error: 'ERR_RETURNED_ITSELF' }
    else if (inner.fired && inner.pauses === 0 && inner.waitsFor === undefined) {
      this.result = inner.result
      inner.result = { value: undefined }
    } else if (inner.isHeldUpBy(this)) this.result = { error: 'ERR_DEADLOCK' }
    else {
      this.result = { value: undefined }
      this.waitsFor = inner
      inner.pairs.push({ kind: 'give', to: this })
    }
  }

  private isHeldUpBy(other: Model): boolean {
    return this === other || (this.waitsFor?.isHeldUpBy(other) ?? false)
  }

  private give(waiter: Model): void {
    waiter.waitsFor = undefined
    waiter.result = this.result
    this.result = { value: undefined }
    waiter.run()
  }

  private passOn(other: Model): void {
    this.running = true
    let result = this.result
    if ('error' in result && result.error === 'ERR_CANCELLED' && !other.fired) result = { error: other.stopWork() }
    if (!other.fired) other.settle(result)
    this.running = false
  }
}
