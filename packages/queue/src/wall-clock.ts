import { type Clock, systemClock } from 'potoroo'
import type { QueueStore } from './store.ts'

/** A clock in whole milliseconds, as stores keep times. */
function wholeClock(clock: Clock): Clock {
  return {
    now: () => Math.floor(clock.now()),
    setTimeout: (fn, ms) => clock.setTimeout(fn, ms),
    clearTimeout: (handle) => clock.clearTimeout(handle),
  }
}

/** The time of day: what is stored must mean the same in the next process, and in the one beside this. */
const wallClock: Clock = {
  now: () => Date.now(),
  setTimeout: (fn, ms) => systemClock.setTimeout(fn, ms),
  clearTimeout: (handle) => systemClock.clearTimeout(handle),
}

/**
 * What a queue in a store goes by: a clock that somebody has given it; or the time of day, as the store has it, for several
 * machines may share one, and their clocks may differ.
 */
export function clockOf(store: Pick<QueueStore, 'skew'>, given: Clock | undefined): Clock {
  if (given !== undefined) return wholeClock(given)
  return store.skew === undefined ? wallClock : { ...wallClock, now: () => wallClock.now() - store.skew! }
}
