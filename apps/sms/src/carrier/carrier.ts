/** A message, as the queue keeps it: the number in E.164, the text not empty. */
export interface Sms {
  readonly to: string
  readonly text: string
}

/** What a carrier says of a message it has taken. */
export interface Receipt {
  /** The carrier's own id. */
  readonly sid: string
  /** Twilio's word for what becomes of it now: `queued`, `sent`, … */
  readonly status: string
}

/** One attempt to send one message. */
export interface SendOptions {
  /** The same for every attempt at one message: a carrier that sees it again sends nothing, and repeats its answer. */
  readonly idempotencyKey: string
  /** Different for each attempt. */
  readonly attemptToken: string
  readonly signal: AbortSignal
}

/** Whoever delivers messages. */
export interface Carrier {
  /**
   * Fires with the receipt. Fails with Permanent when it will never work, with RetryAfter when the carrier wants to be left
   * alone for a while, and with a CarrierError or TimeoutError when it may work another time.
   */
  send(sms: Sms, options: SendOptions): PromiseLike<Receipt>
}

/**
 * A carrier did not take a message. The code is its own number for the reason (Twilio's, such as `21211`) or, where it gave
 * none, one of the codes below. The message may hold its words, and so the number: for the admin's eyes only.
 *
 * - `ERR_CARRIER_400` and so on: it answered with this HTTP status
 * - `ERR_CARRIER_ANSWER`: its answer makes no sense
 * - `ERR_CARRIER_CONNECTION`: it could not be reached, or the connection broke
 */
export class CarrierError extends Error {
  override readonly name = 'CarrierError'
  readonly code: string
  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}
