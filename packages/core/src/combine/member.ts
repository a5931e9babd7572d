import type { Deferred } from '../deferred/deferred.ts'
import { Failure } from '../deferred/failure.ts'
import { addTap, HANDLE, type Handling, PASS, removeProgress, removeTap, type Tap } from '../deferred/tap.ts'

/** Who watches members. */
export interface Watcher {
  /** The member with this index has fired, or something says it has progressed. */
  _onFiring(member: Member, result: unknown): void
  readonly _onProgress: ((index: number, progress: unknown) => void) | undefined
}

/** A deferred in a set, until it has fired or the set has let go of it. */
export class Member implements Tap {
  _gone = false
  _handling: Handling
  readonly index: number
  /** Made by us for a promise or the like: nobody else needs it. */
  readonly adopted: boolean
  deferred: Deferred<unknown> | undefined
  private watcher: Watcher | undefined
  private listener: ((progress: unknown) => void) | undefined = undefined

  constructor(watcher: Watcher, index: number, deferred: Deferred<unknown>, adopted: boolean, handling: Handling) {
    this.watcher = watcher
    this.index = index
    this.deferred = deferred
    this.adopted = adopted
    this._handling = handling
  }

  watch(): void {
    const { watcher, deferred } = this
    if (watcher === undefined || deferred === undefined) return
    const onProgress = watcher._onProgress
    if (onProgress !== undefined) {
      // A listener that was taken back while listeners are being told is told all the same.
      this.listener = (progress) => {
        if (this.deferred !== undefined) onProgress(this.index, progress)
      }
      deferred.addProgress(this.listener)
    }
    addTap(deferred, this)
  }

  _hear(result: unknown): void {
    const { watcher } = this
    this.forget()
    watcher?._onFiring(this, result)
  }

  /** From now on the failure of a promise counts as handled. Its deferred is ours. */
  handle(result: unknown): void {
    if (this.adopted && this._handling === PASS && result instanceof Failure) this._handling = HANDLE
  }

  /** Leaves no trace on a member that has not fired. */
  release(): void {
    const { deferred } = this
    if (deferred === undefined) return
    removeTap(deferred, this)
    this.forget()
    if (this.adopted) deferred.cancel()
  }

  private forget(): void {
    if (this.listener !== undefined && this.deferred !== undefined) removeProgress(this.deferred, this.listener)
    this.watcher = this.deferred = this.listener = undefined
  }
}
