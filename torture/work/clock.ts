import { type Clock, systemClock } from 'potoroo'

/** The time of day, wrong by as much as it is told: a machine whose clock is being set. Timers are not disturbed by that. */
export class JumpingClock implements Clock {
  #offset: number

  /** @param offset by how many ms it is wrong at first */
  constructor(offset = 0) {
    this.#offset = offset
  }

  now(): number {
    return Date.now() + this.#offset
  }
  setTimeout(fn: () => void, ms: number): unknown {
    return systemClock.setTimeout(fn, ms)
  }
  clearTimeout(handle: unknown): void {
    systemClock.clearTimeout(handle)
  }

  jumpTo(offset: number): void {
    this.#offset = offset
  }
}
