/**
 * What a deferred's `_flags` say. One small integer instead of many booleans keeps a deferred small, and lets
 * the common question ("may callbacks run now?") be one comparison: pauses are counted above all flags.
 */
export const FIRED = 1
/** Its callbacks are being run: what is added meanwhile runs after those. */
export const RUNNING = 2
/** Fired, and paused until the deferred in `_other` has its result. */
export const WAITING = 4
/** Cancelled without a canceller: one firing by a producer who has not heard of it is ignored. */
export const IGNORE_NEXT = 8
/** The canceller is running, or has run. */
export const CANCELLING = 16
/** `cancel` was called on it. */
export const CANCELLED = 32
/** Another deferred fires it. */
export const CHAINED = 64
/** Somebody took the failure that is its result now. */
export const HANDLED = 128
/** Came to rest with a failure in this turn. */
export const SUSPECTED = 256
/** Its failure is reported when it is collected. */
export const WATCHED = 512
/** A coroutine runs in it, and has not come to its end: to everybody else it has not fired. */
export const COROUTINE = 1024
/** Made in debug mode: the tracer hears of what happens to it. */
export const TRACED = 2048
/** One `pause`. Everything below is a flag; `_flags >= PAUSED` means paused. */
export const PAUSED = 4096
