import { usageError } from './errors.ts'

/** What everything that waits takes its time from, so that tests can hold time in their hands. */
export interface Clock {
  /** Milliseconds since the epoch; may have a fraction. */
  now(): number
  /** Calls `fn` once, `ms` milliseconds from now. */
  setTimeout(fn: () => void, ms: number): unknown
  /** Takes a timer back; harmless if it has fired. */
  clearTimeout(handle: unknown): void
}

/** The longest delay that the platform's timers can count; longer ones are waited for in pieces. */
const LONGEST = 2 ** 31 - 1

interface SystemTimer {
  id: unknown
}

/** The platform's `performance`, and when the program started: read once, for each costs more than all the rest of `now()`. */
let monotonic: { now(): number } | undefined
let origin = 0

/**
 * The real time, to fractions of a millisecond. `now()` never jumps: it is the time of day at the program's start plus what a monotonic clock has
 * counted since, because a rate kept by a clock that can be set back or forward is no rate.
 */
export const systemClock: Clock = {
  now() {
    if (monotonic === undefined) {
      monotonic = performance
      origin = performance.timeOrigin
    }
    return origin + monotonic.now()
  },
  setTimeout(fn, ms) {
    const timer: SystemTimer = { id: undefined }
    const arm = (left: number): void => {
      timer.id = left > LONGEST ? setTimeout(() => arm(left - LONGEST), LONGEST) : setTimeout(fn, left)
    }
    arm(ms)
    return timer
  },
  clearTimeout(handle) {
    clearTimeout((handle as SystemTimer | undefined)?.id as Parameters<typeof clearTimeout>[0])
  },
}

interface ManualTimer {
  readonly time: number
  readonly fn: () => void
}

/**
 * A clock that stands still until it is told to {@link ManualClock.advance}.
 *
 * @example
 * const clock = new ManualClock()
 * const said: string[] = []
 * clock.setTimeout(() => said.push('tick'), 100)
 * clock.advance(99) // said is []
 * clock.advance(1) // said is ['tick']
 */
export class ManualClock implements Clock {
  #now: number
  /** In order of setting, which is the order among timers of one moment. */
  readonly #timers = new Set<ManualTimer>()

  /** @param now what `now()` says at first, in milliseconds */
  constructor(now = 0) {
    this.#now = now
  }

  now(): number {
    return this.#now
  }

  setTimeout(fn: () => void, ms: number): unknown {
    const timer: ManualTimer = { time: this.#now + (ms > 0 ? ms : 0), fn }
    this.#timers.add(timer)
    return timer
  }

  clearTimeout(handle: unknown): void {
    this.#timers.delete(handle as ManualTimer)
  }

  /** How many timers are set: a test that ends with any left has leaked them. */
  get pendingTimers(): number {
    return this.#timers.size
  }

  /** When the next timer is due, or `undefined` if none is set. */
  get nextTime(): number | undefined {
    return this.#earliest()?.time
  }

  /**
   * Moves time on by `ms` and fires what falls due on the way, in order of time and then of setting; timers that those
   * set fire too if they fall due. O(timers) for each that fires.
   *
   * @throws RangeError ERR_INVALID_TIME if `ms` is negative, infinite or not a number
   */
  advance(ms: number): void {
    if (!(ms >= 0 && ms < Infinity)) {
      throw usageError(RangeError, 'ERR_INVALID_TIME', `Time goes forward by milliseconds, zero or more; got ${String(ms)}`)
    }
    const end = this.#now + ms
    for (;;) {
      const next = this.#earliest()
      if (next === undefined || next.time > end) break
      this.#timers.delete(next)
      this.#now = Math.max(this.#now, next.time)
      next.fn()
    }
    // A timer may have moved time on by itself.
    this.#now = Math.max(this.#now, end)
  }

  #earliest(): ManualTimer | undefined {
    let first: ManualTimer | undefined
    for (const timer of this.#timers) {
      if (first === undefined || timer.time < first.time) first = timer
    }
    return first
  }
}
