import { Deferred, DeferredPriorityQueue } from 'potoroo'
import type { Carrier, Receipt, SendOptions, Sms } from '../../src/carrier/carrier.ts'

/** One message that the carrier has in hand. */
export interface InHand {
  readonly sms: Sms
  readonly options: SendOptions
  readonly receipt: Deferred<Receipt>
}

/** A carrier in the hands of the test: each message waits until it is told what becomes of it. */
export class HandCarrier implements Carrier {
  readonly #inHand = new DeferredPriorityQueue<InHand>()

  send(sms: Sms, options: SendOptions): Deferred<Receipt> {
    const receipt = new Deferred<Receipt>()
    receipt.cancelOn(options.signal)
    this.#inHand.put({ sms, options, receipt })
    return receipt
  }

  /** The next message that is handed over. */
  next(): Deferred<InHand> {
    return this.#inHand.get()
  }
}

/** A carrier that takes everything at once, and notes it. */
export class EagerCarrier implements Carrier {
  readonly sent: Sms[] = []

  send(sms: Sms): Deferred<Receipt> {
    this.sent.push(sms)
    return Deferred.from<Receipt>({ sid: `SM${this.sent.length}`, status: 'queued' })
  }
}
