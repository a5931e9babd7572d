/**
 * The pairs that a chain has still to run. Memory and time count here (programs hold millions of deferreds, most with one
 * to three callbacks), so the first three have no nodes of their own, and a pair with one function takes one word.
 */
export interface Pairs {
  /** What kinds of pairs stand in the three places, three bits each, the next to run lowest; 0 for an empty place. */
  _kinds: number
  _first: unknown
  _second: unknown
  _third: unknown
  /** The last of those for which there was no place, in a ring: its `next` is the first of them. */
  _last: Step | null
}

/** A pair for which there was no place. */
export interface Step {
  handler: unknown
  kind: number
  next: Step
}

// A kind below PAIR says on which side its function runs, as two bits.

/** A function for a value. */
export const ON_VALUE = 1
/** A function for a failure. */
export const ON_FAILURE = 2
/** One function for both. */
export const ON_BOTH = 3
/** Two functions, in a {@link Pair}. */
export const PAIR = 4
/** The chain that has waited for this one's result, and takes it. */
export const GIVE = 5
/** The chain that is fired with this one's result, which stays here too. */
export const CHAIN = 6
/** A Tap, which hears of the result, and may have been taken out. */
export const TAP = 7

/** Bits of one kind. */
const BITS = 3
const TWO = 1 << BITS
const THREE = 1 << (2 * BITS)

/** What runs on one side of a pair. */
export type Handler = (result: unknown) => unknown

export class Pair {
  readonly onValue: unknown
  readonly onFailure: unknown

  constructor(onValue: unknown, onFailure: unknown) {
    this.onValue = onValue
    this.onFailure = onFailure
  }
}

export function hasPairs(pairs: Pairs): boolean {
  return pairs._kinds !== 0 || pairs._last !== null
}

/** Adds a pair behind the others. */
export function push(pairs: Pairs, handler: unknown, kind: number): void {
  const kinds = pairs._kinds
  // Those in the ring come after those in the places, so there is no room in front of it.
  if (pairs._last !== null || kinds >= THREE) pushStep(pairs, handler, kind)
  else if (kinds === 0) {
    pairs._first = handler
    pairs._kinds = kind
  } else if (kinds < TWO) {
    pairs._second = handler
    pairs._kinds = kinds | (kind << BITS)
  } else {
    pairs._third = handler
    pairs._kinds = kinds | (kind << (2 * BITS))
  }
}

function pushStep(pairs: Pairs, handler: unknown, kind: number): void {
  const last = pairs._last
  const step: Step = { handler, kind, next: undefined as unknown as Step }
  step.next = last === null ? step : last.next
  if (last !== null) last.next = step
  pairs._last = step
}

/** Adds a pair before the others. */
export function pushFirst(pairs: Pairs, handler: unknown, kind: number): void {
  const kinds = pairs._kinds
  if (kinds >= THREE) {
    const last = pairs._last
    pushStep(pairs, pairs._third, kinds >> (2 * BITS))
    // The one that was last still is: the new one stands before the first.
    if (last !== null) pairs._last = last
  }
  pairs._third = pairs._second
  pairs._second = pairs._first
  pairs._first = handler
  pairs._kinds = ((kinds & (THREE - 1)) << BITS) | kind
}

/** Takes the first one out of the ring, which is not empty. */
export function shiftStep(pairs: Pairs): Step {
  const last = pairs._last!
  const first = last.next
  if (first === last) pairs._last = null
  else last.next = first.next
  return first
}

/** Calls `visit` with each pair, the next to run first. */
export function eachPair(pairs: Pairs, visit: (handler: unknown, kind: number) => void): void {
  const { _kinds: kinds, _first, _second, _third, _last: last } = pairs
  if (kinds !== 0) visit(_first, kinds & (TWO - 1))
  if (kinds >= TWO) visit(_second, (kinds >> BITS) & (TWO - 1))
  if (kinds >= THREE) visit(_third, kinds >> (2 * BITS))
  if (last === null) return
  let step = last.next
  for (;;) {
    visit(step.handler, step.kind)
    if (step === last) return
    step = step.next
  }
}

/** Drops the pairs of which `keep` says no. */
export function filterPairs(pairs: Pairs, keep: (handler: unknown, kind: number) => boolean): void {
  const kept: { handler: unknown; kind: number }[] = []
  eachPair(pairs, (handler, kind) => {
    if (keep(handler, kind)) kept.push({ handler, kind })
  })
  pairs._kinds = 0
  pairs._first = pairs._second = pairs._third = undefined
  pairs._last = null
  for (const { handler, kind } of kept) push(pairs, handler, kind)
}
