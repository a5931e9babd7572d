import { type Clock, systemClock } from 'potoroo'

/** The time of day: what is stored must mean the same in the next process, and in the one beside this. */
export const wallClock: Clock = {
  now: () => Date.now(),
  setTimeout: (fn, ms) => systemClock.setTimeout(fn, ms),
  clearTimeout: (handle) => systemClock.clearTimeout(handle),
}
