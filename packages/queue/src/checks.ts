import { checkOptions, usageError } from 'potoroo'
import type { QueueOptions, RetryPolicy } from './api.ts'
import { toJobError } from './errors.ts'
import { JOB_STATES, type JobState } from './record.ts'
import type { Rate, SettingsPatch } from './store.ts'

/** The latest time that a Date can hold, in milliseconds. */
export const LATEST_TIME = 8_640_000_000_000_000

/** Wrong options are refused at the door, with a code and what to do instead. */

export function checkPriority(priority: number): number {
  if (typeof priority !== 'number' || !Number.isFinite(priority)) {
    throw usageError(RangeError, 'ERR_INVALID_PRIORITY', `A priority is a finite number, lower first; got ${String(priority)}`)
  }
  return priority
}

export function checkWidth(width: number, what = 'width'): number {
  if (width !== Infinity && !(Number.isSafeInteger(width) && width >= 0)) {
    throw usageError(RangeError, 'ERR_INVALID_WIDTH', `${what} is a whole number, zero or more, or Infinity; got ${String(width)}`)
  }
  return width
}

export function checkRate(rate: Rate | null | undefined): Rate | null {
  if (rate === null || rate === undefined) return null
  const { limit, per } = rate
  if (!Number.isSafeInteger(limit) || limit < 1 || !Number.isFinite(per) || per < 1) {
    throw usageError(
      RangeError,
      'ERR_INVALID_RATE',
      `A rate is { limit, per }: a whole number of starts, one or more, per so many ms; got ${JSON.stringify(rate)}. To start nothing, set the width to 0 or pause`,
    )
  }
  return { limit, per }
}

export function checkPatch(patch: SettingsPatch): SettingsPatch {
  checkOptions(patch, 'update')
  const { width, rate, paused } = patch
  return {
    ...(width === undefined ? {} : { width: checkWidth(width) }),
    ...(rate === undefined ? {} : { rate: checkRate(rate) }),
    ...(paused === undefined ? {} : { paused: Boolean(paused) }),
  }
}

export function checkAttempts(maxAttempts: number): number {
  if (!Number.isSafeInteger(maxAttempts) || maxAttempts < 1) {
    throw usageError(RangeError, 'ERR_INVALID_ATTEMPTS', `maxAttempts is a whole number, one or more; got ${String(maxAttempts)}`)
  }
  return maxAttempts
}

export function checkTimeout(timeout: number): number {
  if (typeof timeout !== 'number' || !(timeout > 0)) {
    throw usageError(RangeError, 'ERR_INVALID_TIME', `timeout is a number of milliseconds above zero; got ${String(timeout)}`)
  }
  return timeout
}

/** When a job that is put may start: the option's own words against each other and against the clock. */
export function checkRunAt(delay: number | undefined, runAt: Date | number | undefined, now: number): number {
  if (delay !== undefined && runAt !== undefined) {
    throw usageError(TypeError, 'ERR_INVALID_TIME', 'Give delay or runAt, not both')
  }
  const at = runAt === undefined ? now + (delay ?? 0) : Number(runAt)
  if (!(Math.abs(at) <= LATEST_TIME) || (delay !== undefined && delay < 0)) {
    throw usageError(RangeError, 'ERR_INVALID_TIME', 'delay is milliseconds, zero or more; runAt a Date or its milliseconds')
  }
  return Math.max(now, Math.ceil(at))
}

/** For how long to wait, in ms. */
export function checkWithin(within: number | undefined): void {
  if (within === undefined || (typeof within === 'number' && within >= 0)) return
  throw usageError(RangeError, 'ERR_INVALID_TIME', `within is a number of milliseconds, zero or more; got ${String(within)}`)
}

export function checkList(state: JobState | undefined, limit: number): void {
  if (!Number.isSafeInteger(limit) || limit < 1) {
    throw usageError(RangeError, 'ERR_INVALID_LIMIT', `limit is a whole number, one or more; got ${String(limit)}`)
  }
  if (state !== undefined && !JOB_STATES.includes(state)) {
    throw usageError(TypeError, 'ERR_INVALID_STATE', `A state is one of ${JOB_STATES.join(', ')}; got ${String(state)}`)
  }
}

/**
 * How long a job's argument, result or progress may be, in characters of JSON. Stores take more, up to where they fail a whole
 * commit with all that others put in it; and what is listed, told of and sent about is better kept elsewhere, and named.
 */
export const LONGEST_JSON = 16 * 2 ** 20

/** JSON text of a value that can be kept. */
export function toJson(value: unknown, what: string): string {
  let text: string | undefined
  try {
    text = JSON.stringify(value)
  } catch (cause) {
    const error = usageError(TypeError, 'ERR_NOT_JSON', `${what} must be JSON: no BigInt, no cycles (${toJobError(cause).message})`)
    error.cause = cause
    throw error
  }
  if (text === undefined) {
    throw usageError(TypeError, 'ERR_NOT_JSON', `${what} must be JSON: null, a boolean, number, text, list or object; got ${nothing(value)}`)
  }
  if (text.length > LONGEST_JSON) {
    throw usageError(
      RangeError,
      'ERR_TOO_LONG',
      `${what} is ${text.length} characters of JSON, and ${LONGEST_JSON} are allowed: keep it elsewhere, and put its name`,
    )
  }
  return text
}

/** What JSON has no text for. */
function nothing(value: unknown): string {
  if (value === undefined) return 'undefined'
  return typeof value === 'object' ? 'an object whose toJSON gives none' : `a ${typeof value}`
}

export function checkQueueOptions<A, R>(options: QueueOptions<A, R>): void {
  checkParts(options)
  const { name, width, rate, localWidth, lease, size, timeout, retry, keep, handler } = options
  if (typeof name !== 'string' || !/^[\w.-]{1,100}$/.test(name)) {
    throw usageError(TypeError, 'ERR_INVALID_NAME', 'A queue is named by up to 100 letters, digits, dots, dashes and underscores')
  }
  if (width !== undefined) checkWidth(width)
  if (rate !== undefined) checkRate(rate)
  if (localWidth !== undefined) checkWidth(localWidth, 'localWidth')
  if (handler !== undefined && localWidth === undefined && width === Infinity) {
    throw usageError(RangeError, 'ERR_INVALID_WIDTH', 'With no global limit (width Infinity), say how many this process runs: localWidth')
  }
  if (lease !== undefined && !(Number.isSafeInteger(lease) && lease >= 5_000)) {
    throw usageError(RangeError, 'ERR_INVALID_LEASE', `A lease is a whole number of ms, at least 5,000; got ${String(lease)}`)
  }
  if (size !== undefined && !(size >= 0)) {
    throw usageError(RangeError, 'ERR_INVALID_SIZE', `size is a number of jobs, zero or more; got ${String(size)}`)
  }
  if (timeout !== undefined) checkTimeout(timeout)
  for (const time of [keep?.finished, keep?.failed]) {
    if (time !== undefined && !(typeof time === 'number' && time >= 0)) {
      throw usageError(RangeError, 'ERR_INVALID_TIME', `keep is { finished, failed }, in ms, zero or more, or Infinity; got ${String(time)}`)
    }
  }
  checkRetry(retry)
}

/** What a queue is made of, rather than numbers. */
function checkParts<A, R>(options: QueueOptions<A, R>): void {
  // Programs in plain JavaScript come here with anything.
  if (typeof (options as Partial<QueueOptions<A, R>> | undefined)?.store?.open !== 'function') {
    throw usageError(TypeError, 'ERR_INVALID_STORE', 'A queue is opened in a store: give memoryStore(), sqliteStore(path) or postgresStore(…) as store')
  }
  const { handler, onWarning, schema, clock } = options
  for (const [what, given] of Object.entries({ handler, onWarning })) {
    if (given !== undefined && typeof given !== 'function') {
      throw usageError(TypeError, 'ERR_NOT_A_FUNCTION', `${what} is a function, or left out; got ${typeof given}`)
    }
  }
  if (schema !== undefined && typeof schema['~standard']?.validate !== 'function') {
    throw usageError(TypeError, 'ERR_INVALID_SCHEMA', "schema is a Standard Schema, such as Zod's, Valibot's or ArkType's")
  }
  if (clock !== undefined && !(['now', 'setTimeout', 'clearTimeout'] as const).every((method) => typeof clock[method] === 'function')) {
    throw usageError(TypeError, 'ERR_INVALID_CLOCK', 'clock is a Clock: an object with now, setTimeout and clearTimeout')
  }
}

function checkRetry(retry: RetryPolicy | undefined): void {
  if (retry?.maxAttempts !== undefined) checkAttempts(retry.maxAttempts)
  if (retry?.backoff !== undefined && typeof retry.backoff[Symbol.iterator] !== 'function') {
    throw usageError(TypeError, 'ERR_INVALID_BACKOFF', 'backoff is an iterable of milliseconds, such as backoff() gives')
  }
}
