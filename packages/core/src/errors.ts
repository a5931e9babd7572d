/**
 * Every error that Potoroo makes, each with a stable `code`. Those that running programs meet extend
 * {@link PotorooError}; wrong use throws a `TypeError` or `RangeError` made by {@link usageError}.
 */
export class PotorooError extends Error {
  override readonly name: string = 'PotorooError'
  /** Stable across versions: compare this, not the message. */
  readonly code: string

  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}

/** A deferred was fired a second time. A deferred fires once; make a new one for a second answer. */
export class AlreadyCalledError extends PotorooError {
  override readonly name = 'AlreadyCalledError'
  constructor() {
    super('ERR_ALREADY_CALLED', 'This deferred has already fired; make a new Deferred for a second result')
  }
}

/** A deferred that was chained to another was fired by hand: only the one it is chained to may fire it. */
export class ChainedError extends PotorooError {
  override readonly name = 'ChainedError'
  constructor(message = 'This deferred is chained to another one, which fires it; fire that one instead') {
    super('ERR_CHAINED', message)
  }
}

/** The call was cancelled. Its `name` is the platform's, so code written for AbortSignals knows it. */
export class CancelledError extends PotorooError {
  override readonly name = 'AbortError'
  constructor(reason?: unknown, message = 'The call was cancelled') {
    super('ERR_CANCELLED', message, reason === undefined ? undefined : { cause: reason })
  }
}

/** The call took longer than it was given. */
export class TimeoutError extends PotorooError {
  override readonly name = 'TimeoutError'
  constructor(ms: number, options?: { cause?: unknown }) {
    super('ERR_TIMEOUT', `The call did not finish within ${ms} ms`, options)
  }
}

/** The structure is full: it holds as many items as its `size` allows. */
export class QueueOverflow extends PotorooError {
  override readonly name = 'QueueOverflow'
  constructor(size: number) {
    super('ERR_QUEUE_OVERFLOW', `The queue is full: it holds ${size} at most; wait for some to leave it`)
  }
}

/** As many wait already as the structure's `backlog` allows. */
export class QueueUnderflow extends PotorooError {
  override readonly name = 'QueueUnderflow'
  constructor(backlog: number) {
    super('ERR_QUEUE_UNDERFLOW', `Too many wait already: the backlog is ${backlog}; let some be served first`)
  }
}

/** The queue was stopped: it takes and starts nothing more. */
export class QueueStopped extends PotorooError {
  override readonly name = 'QueueStopped'
  constructor(message = 'The queue has been stopped; make a new one') {
    super('ERR_QUEUE_STOPPED', message)
  }
}

/** The structure was closed: it takes nothing more, and whoever waits for it fails with this. */
export class ClosedError extends PotorooError {
  override readonly name = 'ClosedError'
  constructor(reason?: unknown) {
    const options = reason === undefined ? undefined : { cause: reason }
    super('ERR_CLOSED', 'This has been closed: it takes nothing more, and there is nothing to wait for; make a new one', options)
  }
}

/** The item is in the structure already. */
export class DuplicateItemError extends PotorooError {
  override readonly name = 'DuplicateItemError'
  constructor() {
    super('ERR_DUPLICATE_ITEM', 'This item is in the queue already; reprioritize it, or put it in an object of its own')
  }
}

/** There is no such item. */
export class KeyError extends PotorooError {
  override readonly name = 'KeyError'
  constructor(message: string) {
    super('ERR_KEY', message)
  }
}

/** Wrong use: a `TypeError` or `RangeError` with a code and a sentence that says what to do. */
export function usageError<E extends TypeError | RangeError>(
  Type: new (message: string) => E,
  code: string,
  message: string,
): E & { readonly code: string } {
  return Object.assign(new Type(message), { code })
}

/** @throws TypeError ERR_INVALID_OPTIONS unless the options of something are an object */
export function checkOptions(options: unknown, of: string): void {
  if (typeof options === 'object' && options !== null) return
  const got = options === null ? 'null' : `a ${typeof options}`
  throw usageError(TypeError, 'ERR_INVALID_OPTIONS', `The options of ${of} are an object, or are left out; got ${got}`)
}

/**
 * Whether an error means "cancelled": Potoroo's {@link CancelledError}, a cancelled job's, or the platform's `AbortError`.
 * A time-out is not a cancellation.
 *
 * @example
 * const call = new Deferred<string>().addErrback((failure) => isCancelled(failure.value))
 * call.cancel()
 * const cancelled = await call // cancelled is true
 */
export function isCancelled(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false
  const { name, code } = error as { name?: unknown; code?: unknown }
  return name === 'AbortError' || code === 'ERR_CANCELLED' || code === 'ERR_JOB_CANCELLED'
}
