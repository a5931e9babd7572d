import { usageError } from '../errors.ts'

/** At most `limit` starts in any `per` milliseconds. */
export interface Rate {
  /** How many may start: a whole number, one or more. */
  readonly limit: number
  /** In how many milliseconds: more than zero. */
  readonly per: number
}

/**
 * Keeps a rate exactly: in *no* window of length `per` do more than `limit` starts happen. (Token buckets and counters
 * that are reset every `per` let nearly twice as many through around a boundary.)
 *
 * The window is half open: with `limit` starts at `t`, the next may be at `t + per`.
 *
 * A clock that is set back neither stalls the window nor lets more through. `take` and `nextTime` take O(1) amortised;
 * memory is that of the starts in one window, O(limit).
 *
 * @example
 * const window = new SlidingWindow({ limit: 2, per: 1000 })
 * window.take(0) // true
 * window.take(300) // true
 * window.take(999) // false
 * window.nextTime(999) // 1000
 * window.take(1000) // true
 */
export class SlidingWindow {
  #rate: Rate
  /** A ring of the latest starts, oldest first from `#first`. */
  #starts: number[] = []
  #first = 0
  #count = 0
  /** The most starts worth keeping, and how long each is: the rate's own, or those of a rate before. */
  #keep: number
  #keepFor: number
  /** Up to when a rate before has a say in those two. */
  #keepUntil = -Infinity
  /** What is added to the caller's time, so that it never goes back. */
  #offset = 0

  /** @throws RangeError ERR_INVALID_RATE unless `limit` is a positive whole number and `per` more than zero and finite */
  constructor(rate: Rate) {
    this.#rate = checkRate(rate)
    this.#keep = rate.limit
    this.#keepFor = rate.per
  }

  get rate(): Rate {
    return this.#rate
  }

  /**
   * Asks for a start at `now`, in milliseconds by any clock.
   *
   * @returns whether it may start; if so, it is counted
   */
  take(now: number): boolean {
    const time = this.#steady(now)
    if (this.#blockedUntil() > time) return false
    if (this.#count === this.#starts.length) this.#makeRoom(time)
    if (this.#count === this.#starts.length) this.#dropFirst()
    this.#starts[this.#at(this.#count)] = time
    this.#count++
    return true
  }

  /** The earliest time, `now` or later, at which {@link take} will say yes. */
  nextTime(now: number): number {
    const time = this.#steady(now)
    const blockedUntil = this.#blockedUntil()
    return blockedUntil <= time ? now : blockedUntil - this.#offset
  }

  /**
   * Changes the rate at `now`. What the old rate had to remember still counts, under the new one and, until the old `per`
   * has passed, under any after that: turning a rate down and up again does not make its starts forgotten. O(limit).
   *
   * @throws RangeError ERR_INVALID_RATE as the constructor
   */
  setRate(rate: Rate, now: number): void {
    const next = checkRate(rate)
    const time = this.#steady(now)
    this.#forget(time)
    this.#keepUntil = time + this.#keepFor
    this.#keep = Math.max(this.#keep, next.limit)
    this.#keepFor = Math.max(this.#keepFor, next.per)
    this.#rate = next
  }

  /** The time before which nothing may start. */
  #blockedUntil(): number {
    const { limit, per } = this.#rate
    return this.#count < limit ? -Infinity : (this.#starts[this.#at(this.#count - limit)] as number) + per
  }

  #steady(now: number): number {
    if (this.#count > 0) {
      const latest = this.#starts[this.#at(this.#count - 1)] as number
      if (now + this.#offset < latest) this.#offset = latest - now
    }
    return now + this.#offset
  }

  /** The ring is full: drops what no longer counts, and if that is nothing, grows it as far as is worth while. */
  #makeRoom(time: number): void {
    this.#forget(time)
    if (this.#count < this.#starts.length || this.#count >= this.#keep) return
    this.#resize(Math.min(this.#keep, Math.max(4, 2 * this.#count)))
  }

  /** Drops what is too old to count under this rate, or under one before that still has a say. */
  #forget(time: number): void {
    if (time > this.#keepUntil) {
      this.#keep = this.#rate.limit
      this.#keepFor = this.#rate.per
    }
    while (this.#count > this.#keep) this.#dropFirst()
    while (this.#count > 0 && (this.#starts[this.#first] as number) + this.#keepFor <= time) this.#dropFirst()
    if (this.#starts.length > this.#keep) this.#resize(this.#keep)
  }

  #resize(length: number): void {
    const starts = new Array<number>(length).fill(0)
    for (let i = 0; i < this.#count; i++) starts[i] = this.#starts[this.#at(i)] as number
    this.#starts = starts
    this.#first = 0
  }

  #dropFirst(): void {
    this.#first = this.#at(1)
    this.#count--
  }

  /** Where in the ring the start stands that is `index` after the oldest. */
  #at(index: number): number {
    const place = this.#first + index
    return place < this.#starts.length ? place : place - this.#starts.length
  }
}

/** @throws RangeError ERR_INVALID_RATE unless `limit` is a positive whole number and `per` more than zero and finite */
export function checkRate(rate: Rate): Rate {
  const { limit, per } = (rate ?? {}) as Rate
  if (Number.isSafeInteger(limit) && limit > 0 && Number.isFinite(per) && per > 0) return Object.freeze({ limit, per })
  throw usageError(
    RangeError,
    'ERR_INVALID_RATE',
    `A rate is { limit: a whole number from 1, per: milliseconds, more than 0 }; got { limit: ${String(limit)}, per: ${String(per)} }`,
  )
}
