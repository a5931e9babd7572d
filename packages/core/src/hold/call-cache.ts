import type { Failure } from '../deferred/failure.ts'
import { ArgumentsMap } from './arguments-map.ts'
import type { SharedCall } from './shared-call.ts'

/** In an entry's `result`: there is none yet. */
export const NONE = Symbol('none')

/** A call that is remembered: running, ended, or (its result being stale) both. */
export class Entry<R> {
  readonly path: readonly unknown[]
  result: R | Failure | typeof NONE = NONE
  /** When the call ended whose result this is. */
  ended = 0
  call: SharedCall<R> | undefined = undefined
  /** @internal The next less recently used one. */ _older: Entry<R> = this
  /** @internal */ _newer: Entry<R> = this

  constructor(path: readonly unknown[]) {
    this.path = path
  }
}

/** Entries by their arguments, and in the order of their last use. All in O(1). */
export class CallCache<R> {
  readonly #map = new ArgumentsMap<Entry<R>>()
  /** Closes the ring: after it the most recently used one, before it the least. */
  readonly #ends = new Entry<R>([])
  size = 0

  find(path: readonly unknown[]): Entry<R> | undefined {
    return this.#map.get(path)
  }

  /** As `find` of a single argument. */
  findOne(arg: unknown): Entry<R> | undefined {
    return this.#map.getOne(arg)
  }

  add(path: readonly unknown[]): Entry<R> {
    const entry = new Entry<R>(path)
    this.#map.set(path, entry)
    this.size++
    this.#putFirst(entry)
    return entry
  }

  /** Notes that it was used now. */
  touch(entry: Entry<R>): void {
    if (this.#ends._older === entry) return
    unlink(entry)
    this.#putFirst(entry)
  }

  get leastRecentlyUsed(): Entry<R> | undefined {
    const last = this.#ends._newer
    return last === this.#ends ? undefined : last
  }

  /** Takes an entry out; its call goes on for those who wait for it, but does not come back. */
  remove(entry: Entry<R>): void {
    this.#map.delete(entry.path)
    unlink(entry)
    this.size--
    const { call } = entry
    entry.call = undefined
    call?.letGo()
  }

  clear(): void {
    const ends = this.#ends
    const calls: SharedCall<R>[] = []
    for (let entry = ends._older; entry !== ends; entry = entry._older) {
      if (entry.call !== undefined) calls.push(entry.call)
      entry.call = undefined
    }
    this.#map.clear()
    ends._older = ends._newer = ends
    this.size = 0
    // Last, because this may cancel calls, and their cancellers may use the cache.
    for (const call of calls) call.letGo()
  }

  #putFirst(entry: Entry<R>): void {
    const first = this.#ends._older
    entry._newer = this.#ends
    entry._older = first
    first._newer = entry
    this.#ends._older = entry
  }
}

function unlink<R>(entry: Entry<R>): void {
  entry._newer._older = entry._older
  entry._older._newer = entry._newer
}
