import { usageError } from '../errors.ts'

/** At most `limit` starts in any `per` milliseconds. */
export interface Rate {
  /** How many may start: a whole number, one or more. */
  readonly limit: number
  /** In how many milliseconds: more than zero. */
  readonly per: number
}

/** One rate, or several that all hold: so many in a second, and so many in an hour. */
export type Rates = Rate | readonly Rate[]

/**
 * Keeps a rate exactly: in *no* window of length `per` do more than `limit` starts happen. (Token buckets and counters
 * that are reset every `per` let nearly twice as many through around a boundary.)
 *
 * The window is half open: with `limit` starts at `t`, the next may be at `t + per`.
 *
 * Several rates are kept at once if it is given a list of them.
 *
 * A clock that is set back neither stalls the window nor lets more through. `take` and `nextTime` take O(1) amortised (for
 * each rate); memory is that of the starts in one window, O(the highest limit).
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
  /** As it was given, and as a list. */
  #rate: Rates
  #rates: readonly Rate[]
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
  constructor(rate: Rates) {
    this.#rate = checkRates(rate)
    this.#rates = listOf(this.#rate)
    this.#keep = highestLimit(this.#rates)
    this.#keepFor = longestPer(this.#rates)
  }

  get rate(): Rates {
    return this.#rate
  }

  /** @internal One like it that goes its own way from here on. O(limit). */
  _copy(): SlidingWindow {
    const copy = new SlidingWindow(this.#rate)
    copy.#starts = this.#starts.slice()
    copy.#first = this.#first
    copy.#count = this.#count
    copy.#keep = this.#keep
    copy.#keepFor = this.#keepFor
    copy.#keepUntil = this.#keepUntil
    copy.#offset = this.#offset
    return copy
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
  setRate(rate: Rates, now: number): void {
    const next = checkRates(rate)
    const time = this.#steady(now)
    this.#forget(time)
    this.#keepUntil = time + this.#keepFor
    this.#rate = next
    this.#rates = listOf(next)
    this.#keep = Math.max(this.#keep, highestLimit(this.#rates))
    this.#keepFor = Math.max(this.#keepFor, longestPer(this.#rates))
  }

  /** The time before which nothing may start. */
  #blockedUntil(): number {
    let until = -Infinity
    for (const { limit, per } of this.#rates) {
      if (this.#count >= limit) until = Math.max(until, (this.#starts[this.#at(this.#count - limit)] as number) + per)
    }
    return until
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
      this.#keep = highestLimit(this.#rates)
      this.#keepFor = longestPer(this.#rates)
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

function listOf(rate: Rates): readonly Rate[] {
  return Array.isArray(rate) ? (rate as readonly Rate[]) : [rate as Rate]
}

function highestLimit(rates: readonly Rate[]): number {
  return rates.reduce((most, { limit }) => Math.max(most, limit), 0)
}

function longestPer(rates: readonly Rate[]): number {
  return rates.reduce((most, { per }) => Math.max(most, per), 0)
}

/** @throws RangeError ERR_INVALID_RATE unless it is a rate, or a list of one or more */
function checkRates(rate: Rates): Rates {
  if (!Array.isArray(rate)) return checkRate(rate as Rate)
  if (rate.length > 0) return Object.freeze(rate.map(checkRate))
  throw usageError(RangeError, 'ERR_INVALID_RATE', 'A list of rates has at least one; for no limit, leave the rate out')
}

/** @throws RangeError ERR_INVALID_RATE unless `limit` is a positive whole number and `per` more than zero and finite */
function checkRate(rate: Rate): Rate {
  const { limit, per } = (rate ?? {}) as Rate
  if (Number.isSafeInteger(limit) && limit > 0 && Number.isFinite(per) && per > 0) return Object.freeze({ limit, per })
  throw usageError(
    RangeError,
    'ERR_INVALID_RATE',
    `A rate is { limit: a whole number from 1, per: milliseconds, more than 0 }; got { limit: ${String(limit)}, per: ${String(per)} }`,
  )
}
