const RANDOM_BYTES = 8
const pool = new Uint8Array(RANDOM_BYTES * 512)
let used = pool.length
let lastTime = 0
let counter = 0
/** Of the time in `lastTime`: the same for all ids of a millisecond. */
let prefix = ''

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

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
  const at = used
  used += RANDOM_BYTES
  const random = (i: number): string => HEX[pool[at + i]!]!
  const variant = HEX[(pool[at]! & 0x3f) | 0x80]!
  // In one expression: what is built up bit by bit is put together only later, by everybody who reads it.
  return `${prefix}${HEX[counter >> 8]![1]}${HEX[counter & 0xff]}-${variant}${random(1)}-${random(2)}${random(3)}${random(4)}${random(5)}${random(6)}${random(7)}`
}

function setTime(time: number): void {
  lastTime = time
  counter = 0
  const text = time.toString(16).padStart(12, '0')
  prefix = `${text.slice(0, 8)}-${text.slice(8)}-7`
}

/** A short id for a worker, 64 random bits: it is part of every attempt token, and those are in an index. */
export function makeWorkerId(): string {
  return crypto.getRandomValues(new BigUint64Array(1))[0]!.toString(36)
}
