const RANDOM_BYTES = 8
const pool = new Uint8Array(RANDOM_BYTES * 512)
let used = pool.length
let lastTime = 0
let counter = 0

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/**
 * A UUID of version 7 (RFC 9562): the time in milliseconds, a counter that keeps those of one process in order, and 62
 * random bits that make it unique everywhere and keep it from being guessed.
 */
export function makeId(now: number): string {
  if (now > lastTime) {
    lastTime = now
    counter = 0
  } else if (++counter > 0xfff) {
    // More than 4,096 in a millisecond, or the clock was set back: borrow from the next one rather than lose the order.
    lastTime++
    counter = 0
  }
  if (used === pool.length) {
    crypto.getRandomValues(pool)
    used = 0
  }
  const at = used
  used += RANDOM_BYTES
  const time = lastTime.toString(16).padStart(12, '0')
  const random = (i: number): string => HEX[pool[at + i]!]!
  const variant = HEX[(pool[at]! & 0x3f) | 0x80]!
  return (
    `${time.slice(0, 8)}-${time.slice(8)}-7${counter.toString(16).padStart(3, '0')}-${variant}${random(1)}-` +
    random(2) + random(3) + random(4) + random(5) + random(6) + random(7)
  )
}

/** A short id for a worker, 64 random bits: it is part of every attempt token, and those are in an index. */
export function makeWorkerId(): string {
  return crypto.getRandomValues(new BigUint64Array(1))[0]!.toString(36)
}
