import { Deferred } from '../deferred/deferred.ts'
import { Failure } from '../deferred/failure.ts'
import { type Handling, PASS } from '../deferred/tap.ts'
import type { Awaitable } from '../deferred/types.ts'
import { usageError } from '../errors.ts'
import { adopt } from './adopt.ts'
import { Feed } from './feed.ts'
import { Member } from './member.ts'
import { tell } from './tell.ts'
import type { Firing } from './types.ts'

interface Observer<T> {
  readonly onFiring: (firing: Firing<T>) => void
  /** How many firings there had been when it came: it is told of those after. */
  since: number
  left: boolean
}

/**
 * Watches a set of deferreds that may grow at any time, and tells observers of each firing, in the order in which the
 * members fire; observers are told in the order in which they came. A firing that an observer causes is told after the
 * one that is being told. Members are passed on as they are: watching one neither changes its result nor handles its
 * failure (but a promise's failure counts as handled once somebody was told).
 *
 * @example
 * const observer = new DeferredListObserver<string>()
 * const fired: unknown[] = []
 * observer.observe((firing) => fired.push(firing.success ? firing.value : firing.index))
 * const slow = observer.append(new Deferred<string>())
 * observer.append('at once')
 * slow.callback('later') // fired is ['at once', 'later']
 */
export class DeferredListObserver<T> {
  /** @internal */ readonly _members = new Set<Member>()
  /** @internal */ _handling: Handling = PASS
  /** @internal */ _onProgress: ((index: number, progress: unknown) => void) | undefined = undefined
  private readonly kept: Firing<T>[] | undefined
  private observers: readonly Observer<T>[] = []
  private appended = 0
  private successes = 0
  private failures = 0
  /** Firings that wait until the one before has been told to all. */
  private untold: Firing<T>[] = []
  private telling = false

  /** @param options `maintainHistory`: whether firings are kept, for {@link history} and for those who come late */
  constructor({ maintainHistory = false }: { readonly maintainHistory?: boolean | undefined } = {}) {
    this.kept = maintainHistory ? [] : undefined
  }

  /**
   * All firings so far, in order.
   *
   * @throws TypeError ERR_NO_HISTORY without `maintainHistory`
   */
  get history(): ReadonlyArray<Firing<T>> {
    if (this.kept === undefined) {
      throw usageError(TypeError, 'ERR_NO_HISTORY', 'This observer keeps no history: make it with { maintainHistory: true }')
    }
    return this.kept
  }

  get successCount(): number {
    return this.successes
  }

  get failureCount(): number {
    return this.failures
  }

  /** How many have not fired. */
  get pendingCount(): number {
    return this.appended - this.fired
  }

  /**
   * Adds a member: a deferred, a promise, any thenable, a jQuery deferred, or a value, which has fired already. Its index
   * is the number of members before it. A deferred is watched at this point of its chain.
   *
   * @returns the deferred itself; for anything else a deferred of it
   */
  append(deferred: Awaitable<T>): Deferred<T> {
    const taken = adopt(deferred)
    const adopted = !(deferred instanceof Deferred)
    const member = new Member(this, this.appended++, taken as Deferred<unknown>, adopted, this._handling)
    this._members.add(member)
    member.watch()
    return taken
  }

  /**
   * Has `observer` told of each firing from now on. What it throws is reported as an unhandled failure, and stops nobody.
   *
   * @param options `replayHistory`: whether it is told first, before this returns, of all firings so far
   * @returns takes the observer out again
   * @throws TypeError ERR_NO_HISTORY if there is no history to replay
   */
  observe(
    observer: (firing: Firing<T>) => void,
    { replayHistory = false }: { readonly replayHistory?: boolean | undefined } = {},
  ): () => void {
    const past = replayHistory ? this.history : undefined
    const entry: Observer<T> = { onFiring: observer, since: past === undefined ? this.fired : Infinity, left: false }
    const leave = (): void => {
      entry.left = true
      this.observers = this.observers.filter((one) => one !== entry)
    }
    this.observers = [...this.observers, entry]
    if (past !== undefined) {
      // What fires during the replay comes at its end.
      for (let i = 0; i < past.length && !entry.left; i++) tell(observer, past[i] as Firing<T>)
      entry.since = this.fired
    }
    return leave
  }

  /**
   * The firings from now on, those of the history first if there is one. Ends when no member is pending and all has been
   * read: a loop may append members. Firings wait in memory until they are read; leave the loop to stop that.
   *
   * @example
   * const pages = new DeferredListObserver<string>()
   * const read: unknown[] = []
   * pages.append(sleep(20, 'slow'))
   * pages.append(sleep(1, 'fast'))
   * for await (const page of pages) read.push(page.index)
   * const order = read.join() // order is '1,0'
   */
  [Symbol.asyncIterator](): AsyncIterator<Firing<T>> {
    const feed = new Feed<Firing<T>>(
      () => this.pendingCount === 0,
      () => leave(),
    )
    const leave = this.observe((firing) => feed.push(firing), { replayHistory: this.kept !== undefined })
    return feed
  }

  /** @internal A member has fired. */
  _onFiring(member: Member, result: unknown): void {
    const { index } = member
    this._members.delete(member)
    if (this.kept !== undefined || this.observers.length > 0) member.handle(result)
    const failed = result instanceof Failure
    if (failed) this.failures++
    else this.successes++
    const firing: Firing<T> = failed
      ? { index, success: false, failure: result }
      : { index, success: true, value: result as T }
    this.kept?.push(firing)
    if (this.telling) this.untold.push(firing)
    else if (this.observers.length > 0) this.tellAll(firing)
  }

  /** @internal Lets go of all members that have not fired. */
  _release(): void {
    if (this._members.size === 0) return
    const members = [...this._members]
    this._members.clear()
    for (const member of members) member.release()
  }

  private get fired(): number {
    return this.successes + this.failures
  }

  /** Tells of a firing, and of those that this causes. */
  private tellAll(first: Firing<T>): void {
    this.telling = true
    let number = this.fired - 1
    this.tellOf(first, number)
    if (this.untold.length > 0) {
      for (let i = 0; i < this.untold.length; i++) this.tellOf(this.untold[i] as Firing<T>, ++number)
      this.untold = []
    }
    this.telling = false
  }

  private tellOf(firing: Firing<T>, number: number): void {
    for (const observer of this.observers) {
      if (!observer.left && observer.since <= number) tell(observer.onFiring, firing)
    }
  }
}
