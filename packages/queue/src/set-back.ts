/** Milliseconds by which a clock may go back without having been set: it is being kept right. */
const TOLERANCE = 1_000

/**
 * The clock was set back. What waits to be tried again, or until a hold is over, waits for a stretch of time and not for a time
 * of day: it must not wait for an hour longer because the clock was set back by one.
 */
export interface SetBack {
  /** What it said when it was last looked at. */
  readonly last: number
  /** By how many ms, as far as can be seen, it was set back. */
  readonly by: number
}

/** Whether the clock was set back since it said `last`. */
export function setBack(last: number, now: number): SetBack | undefined {
  const by = last - now
  return by > TOLERANCE ? { last, by } : undefined
}

/**
 * A time that somebody waits for, by the clock as it is now. Only those are moved that would be waited for more than
 * twice as long as was meant. So they come to lie before `last`, and of several processes each may move what the others
 * have not: none is moved twice.
 */
export function moved(time: number, { last, by }: SetBack): number {
  return time > last && time <= last + by ? time - by : time
}
