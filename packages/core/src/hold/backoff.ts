import { usageError } from '../errors.ts'

/** For {@link backoff}; times in milliseconds. */
export interface BackoffOptions {
  /** How many delays there are. Default 10. */
  readonly tries?: number | undefined
  /** No delay is longer. Default 120,000. */
  readonly maxDelay?: number | undefined
  /** Whether the first delay is 0, so that the first try is made at once. Default true. */
  readonly now?: boolean | undefined
  /** Default 10. */
  readonly initialDelay?: number | undefined
  /** The delay after this one. Default: twice as long. */
  readonly next?: ((delay: number) => number) | undefined
  /**
   * `full`: any delay between 0 and the one due. `decorrelated`: between the initial delay and three times the delay
   * before. Many callers that failed together then do not come back together.
   */
  readonly jitter?: 'full' | 'decorrelated' | undefined
  /** At least 0 and less than 1. Default `Math.random`. */
  readonly random?: (() => number) | undefined
}

/**
 * The delays between tries: 0, 10 ms, then doubling, ten in all, none over two minutes, unless told otherwise. Every
 * iteration starts afresh.
 *
 * @throws RangeError ERR_INVALID_BACKOFF for a count, a time or a jitter that is none
 *
 * @example
 * const delays = [...backoff({ tries: 5 })] // delays is [0, 10, 20, 40, 80]
 */
export function backoff({
  tries = 10,
  maxDelay = 120_000,
  now = true,
  initialDelay = 10,
  next = (delay) => delay * 2,
  jitter,
  random = Math.random,
}: BackoffOptions = {}): Iterable<number> {
  if (!(Number.isInteger(tries) || tries === Infinity) || tries < 0) {
    throw usageError(RangeError, 'ERR_INVALID_BACKOFF', `tries is a whole number, zero or more; got ${tries}`)
  }
  if (!(maxDelay >= 0) || !(initialDelay >= 0)) {
    throw usageError(RangeError, 'ERR_INVALID_BACKOFF', 'maxDelay and initialDelay are milliseconds, zero or more')
  }
  if (jitter !== undefined && jitter !== 'full' && jitter !== 'decorrelated') {
    throw usageError(RangeError, 'ERR_INVALID_BACKOFF', `jitter is 'full' or 'decorrelated'; got ${String(jitter)}`)
  }
  return {
    *[Symbol.iterator]() {
      let delay = initialDelay
      for (let i = 0; i < tries; i++) {
        if (i === 0 && now) {
          yield 0
          continue
        }
        const due = Math.min(delay, maxDelay)
        if (jitter === 'decorrelated') {
          yield due
          delay = initialDelay + random() * Math.max(0, due * 3 - initialDelay)
        } else {
          yield jitter === 'full' ? random() * due : due
          delay = next(delay)
        }
      }
    },
  }
}
