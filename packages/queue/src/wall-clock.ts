import { type Clock, systemClock } from 'potoroo'

/** A clock in whole milliseconds, as stores keep times. */
export function wholeClock(clock: Clock): Clock {
  return {
    now: () => Math.floor(clock.now()),
    setTimeout: (fn, ms) => clock.setTimeout(fn, ms),
    clearTimeout: (handle) => clock.clearTimeout(handle),
  }
}

/** The time of day: what is stored must mean the same in the next process, and in the one beside this. */
export const wallClock: Clock = {
  now: () => Date.now(),
  setTimeout: (fn, ms) => systemClock.setTimeout(fn, ms),
  clearTimeout: (handle) => systemClock.clearTimeout(handle),
}
