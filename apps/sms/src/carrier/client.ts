import { abortable, type Clock, type Deferred, isCancelled, systemClock } from 'potoroo'
import { Permanent, RetryAfter } from '@potoroo/queue'
import { type Carrier, CarrierError, type Receipt, type SendOptions, type Sms } from './carrier.ts'
import { readJson } from './read-json.ts'
import { retryAfter } from './retry-after.ts'

export interface CarrierClientOptions {
  /** Where the carrier is; asked for each message, because a simulated one may move. */
  readonly url: () => URL
  readonly account: string
  readonly token: string
  /** The number or name that messages come from. */
  readonly from: string
  /** Milliseconds for an answer, the last byte included. Default 10,000. */
  readonly timeout?: number
  readonly clock?: Clock
}

/** A carrier that speaks Twilio's wire format. */
export class CarrierClient implements Carrier {
  readonly #options: CarrierClientOptions
  readonly #clock: Clock
  readonly #authorization: string

  constructor(options: CarrierClientOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#authorization = `Basic ${Buffer.from(`${options.account}:${options.token}`).toString('base64')}`
  }

  send(sms: Sms, options: SendOptions): Deferred<Receipt> {
    return abortable((signal) => this.#post(sms, options, signal))
      .addTimeout(this.#options.timeout ?? 10_000, { clock: this.#clock })
      .cancelOn(options.signal)
  }

  async #post({ to, text }: Sms, { idempotencyKey, attemptToken }: SendOptions, signal: AbortSignal): Promise<Receipt> {
    let response: Response
    let body: unknown
    try {
      response = await fetch(this.#messagesUrl(), {
        method: 'POST',
        headers: {
          authorization: this.#authorization,
          accept: 'application/json',
          'idempotency-key': idempotencyKey,
          'attempt-token': attemptToken,
        },
        body: new URLSearchParams({ To: to, From: this.#options.from, Body: text }),
        // Followed, a redirect would take the credentials and the message to an address that nobody has configured.
        redirect: 'manual',
        signal,
      })
      body = await readJson(response)
    } catch (error) {
      if (isCancelled(error)) throw error
      throw new CarrierError('ERR_CARRIER_CONNECTION', 'The carrier could not be reached, or the connection broke', {
        cause: error,
      })
    }
    return this.#understand(response, body)
  }

  #understand({ status, headers }: Response, body: unknown): Receipt {
    const answer: Readonly<Record<string, unknown>> = typeof body === 'object' && body !== null ? { ...body } : {}
    if (status === 201 && typeof answer['sid'] === 'string' && answer['sid'] !== '') {
      return { sid: answer['sid'], status: typeof answer['status'] === 'string' ? answer['status'] : 'accepted' }
    }
    // Not a receipt, so it may not have been sent: a second message is better than none, and the key prevents both.
    if (status >= 200 && status < 300) {
      throw new CarrierError('ERR_CARRIER_ANSWER', `The carrier's answer (${status}) is not a receipt`)
    }
    if (status === 429) throw new RetryAfter(retryAfter(headers, this.#clock.now()))
    const error = refusal(status, answer)
    throw status >= 400 && status < 500 ? new Permanent(error) : error
  }

  #messagesUrl(): URL {
    const { url, account } = this.#options
    const base = url().href.replace(/\/+$/, '')
    return new URL(`${base}/2010-04-01/Accounts/${encodeURIComponent(account)}/Messages.json`)
  }
}

/** The carrier's own number and words for its refusal, as far as it gave any. */
function refusal(status: number, { code, message }: Readonly<Record<string, unknown>>): CarrierError {
  return new CarrierError(
    Number.isSafeInteger(code) ? String(code) : `ERR_CARRIER_${status}`,
    typeof message === 'string' && message !== '' ? message.slice(0, 1_000) : `The carrier answered with status ${status}`,
  )
}
