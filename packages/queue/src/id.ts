const RANDOM_BYTES = 8
const pool = new Uint8Array(RANDOM_BYTES * 512)
let used = pool.length
let lastTime = 0
let counter = 0

const codesOf = (text: string): number[] => Array.from(text, (character) => character.charCodeAt(0))
const DIGITS = codesOf('0123456789abcdef')
/** The characters of the last id: those of the time stay for a millisecond, the dashes and the version for good. */
const codes = codesOf('00000000-0000-7000-8000-000000000000')
/** Where the random bytes go, after the first. */
const RANDOM_PLACES = [21, 24, 26, 28, 30, 32, 34]

/**
 * A UUID of version 7 (RFC 9562): the time in milliseconds, a counter that keeps those of one process in order, and 62
 * random bits that make it unique everywhere and keep it from being guessed.
 */
export function makeId(now: number): string {
  if (now > lastTime) setTime(now)
  // More than 4,096 in a millisecond, or the clock was set back: borrow from the next one rather than lose the order.
  else if (++counter > 0xfff) setTime(lastTime + 1)
  if (used === pool.length) {
    crypto.getRandomValues(pool)
    used = 0
  }
  codes[15] = DIGITS[counter >> 8]!
  setByte(16, counter & 0xff)
  setByte(19, (pool[used++]! & 0x3f) | 0x80)
  for (const place of RANDOM_PLACES) setByte(place, pool[used++]!)
  // All at once: put together from pieces, a text stays a tree of them until somebody reads it, and costs ten times as much.
  return String.fromCharCode(...codes)
}

function setByte(place: number, byte: number): void {
  codes[place] = DIGITS[byte >> 4]!
  codes[place + 1] = DIGITS[byte & 0xf]!
}

function setTime(time: number): void {
  lastTime = time
  counter = 0
  const text = time.toString(16).padStart(12, '0')
  for (let i = 0; i < 12; i++) codes[i < 8 ? i : i + 1] = text.charCodeAt(i)
}

/** A short id for a worker, 64 random bits: it is part of every attempt token, and those are in an index. */
export function makeWorkerId(): string {
  return crypto.getRandomValues(new BigUint64Array(1))[0]!.toString(36)
}
