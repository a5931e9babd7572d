/** At most `limit` starts in any window of `per` ms. Said here once more: the checker knows nothing of the queue it judges. */
interface Rate {
  readonly limit: number
  readonly per: number
}

/** An attempt, as it was recorded: when its handler was called and when that ended, by one clock, in whole milliseconds. */
export interface StartRecord {
  readonly start: number
  /** Null if nobody saw it end; it is then taken to go on. */
  readonly stop: number | null
}

/** What was set, and when. What is left out stays as it was before. */
export interface LimitChange {
  /** When it was asked for: from then on a start may go by it. */
  readonly from: number
  /** From when on every start must go by it, as all processes knew it. Left out: at once. */
  readonly until?: number
  /** At the beginning 0: nothing may start before a width is set. */
  readonly width?: number
  readonly rate?: Rate | null
}

/** Proof that a limit was not kept. */
export type Violation =
  | {
      readonly limit: 'width'
      /** The start that should not have been. */
      readonly at: number
      readonly width: number
      /** What was underway then, that start included. */
      readonly underway: number
    }
  | {
      readonly limit: 'rate'
      readonly rate: Rate
      /** The window, its end included and its beginning not. */
      readonly from: number
      readonly to: number
      /** How many starts were in it. */
      readonly starts: number
    }

/** What holds from a change to the next, and while that is being made. */
interface Period {
  readonly from: number
  readonly to: number
  readonly width: number
  readonly rate: Rate | null
  /** Starts before this need not count any more. */
  readonly horizon: number
}

/**
 * Proves from recorded starts that width and rate were kept: at each start, as many were underway as the width allowed,
 * at most, and in the window of `per` that ends there no more had started than the rate's `limit`. If it was not so,
 * gives back the first proof of the contrary, else null.
 *
 * Width: fewer places do not stop what is underway, they only let nothing start, so the width is compared at starts. Of a
 * start and a stop noted in the same millisecond the stop is taken to be first.
 *
 * Rate: every window that lies within the time of one rate. Windows that reach into the time before go as far as that
 * rate had to remember: a rate that is turned down and up again does not make earlier starts forgotten.
 *
 * While a change was being made, from `from` to `until`, a start is right that keeps the old or the new limits.
 *
 * O(n log n) for n records, times the changes that were being made at once.
 *
 * @param changes in order of `from`
 *
 * @example
 * const records = [{ start: 0, stop: 5 }, { start: 3, stop: 9 }]
 * checkStarts(records, [{ from: 0, width: 2, rate: { limit: 2, per: 100 } }]) // null
 * checkStarts(records, [{ from: 0, width: 1 }]) // { limit: 'width', at: 3, width: 1, underway: 2 }
 */
export function checkStarts(records: Iterable<StartRecord>, changes: readonly LimitChange[]): Violation | null {
  const all = [...records]
  const starts = Float64Array.from(all, ({ start }) => start).sort()
  const stops = Float64Array.from(all, ({ stop }) => stop ?? Infinity).sort()
  const periods = periodsOf(changes)
  let first = 0
  for (let i = 0; i < starts.length; i++) {
    const at = starts[i]!
    // Of several in one millisecond, the last sees them all; those before are judged by what they may have seen.
    while (first < periods.length - 1 && periods[first]!.to < at) first++
    let violation: Violation | null | undefined
    for (let p = first; p < periods.length && periods[p]!.from <= at; p++) {
      if (periods[p]!.to < at) continue
      violation = judge(periods[p]!, at, i, starts, stops)
      if (violation === null) break
    }
    if (violation === undefined) return { limit: 'width', at, width: 0, underway: 1 }
    if (violation !== null) return violation
  }
  return null
}

/** Whether the start with this index may be, by the limits of a period. */
function judge({ width, rate, horizon }: Period, at: number, index: number, starts: Float64Array, stops: Float64Array): Violation | null {
  const underway = index + 1 - countUpTo(stops, at)
  if (underway > width) return { limit: 'width', at, width, underway }
  if (rate === null) return null
  const inWindow = index + 1 - Math.max(countUpTo(starts, at - rate.per), countBelow(starts, horizon))
  return inWindow > rate.limit ? { limit: 'rate', rate, from: at - rate.per, to: at, starts: inWindow } : null
}

function periodsOf(changes: readonly LimitChange[]): Period[] {
  const periods: Period[] = []
  let width = 0
  let rate: Rate | null = null
  let horizon = -Infinity
  /** What the present rate has to remember: its own `per`, or that of an earlier one while that has a say. */
  let keep = 0
  let keepUntil = -Infinity
  changes.forEach((change, i) => {
    const { from, until = from } = change
    if (change.width !== undefined) width = change.width
    if (change.rate !== undefined && !sameRate(change.rate, rate)) {
      if (rate === null) horizon = until
      else {
        if (until > keepUntil) keep = rate.per
        horizon = Math.max(horizon, until - keep)
        keepUntil = until + keep
      }
      keep = Math.max(keep, change.rate?.per ?? 0)
      rate = change.rate
    }
    const next = changes[i + 1]
    const to = next === undefined ? Infinity : (next.until ?? next.from)
    periods.push({ from, to, width, rate, horizon })
  })
  return periods
}

function sameRate(a: Rate | null, b: Rate | null): boolean {
  return a?.limit === b?.limit && a?.per === b?.per
}

/** How many of the sorted `times` are less than `time`. */
function countBelow(times: Float64Array, time: number): number {
  let from = 0
  let to = times.length
  while (from < to) {
    const middle = (from + to) >>> 1
    if (times[middle]! < time) from = middle + 1
    else to = middle
  }
  return from
}

/** How many of the sorted `times` are `time` or less. */
function countUpTo(times: Float64Array, time: number): number {
  let from = 0
  let to = times.length
  while (from < to) {
    const middle = (from + to) >>> 1
    if (times[middle]! <= time) from = middle + 1
    else to = middle
  }
  return from
}
