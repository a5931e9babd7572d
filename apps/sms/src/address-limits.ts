import { type Clock, type Rate, SlidingWindow } from 'potoroo'
import { networkOf } from '@potoroo/server'

/** Addresses remembered at most: beyond, the one that has been quiet for longest is forgotten. */
const MOST = 100_000

interface Entry {
  readonly window: SlidingWindow
  time: number
}

/** A rate for each address on its own, or network of IPv6. Remembers an address as long as it could matter: memory is that of one `per`. */
export class AddressLimits {
  readonly #rate: Rate
  readonly #clock: Clock
  /** The one heard of last is last. */
  readonly #entries = new Map<string, Entry>()

  constructor(rate: Rate, clock: Clock) {
    this.#rate = rate
    this.#clock = clock
  }

  get size(): number {
    return this.#entries.size
  }

  /** Counts one for the address: 0 if it may, else the milliseconds until it may. */
  take(address: string): number {
    const now = this.#clock.now()
    this.#forget(now)
    const network = networkOf(address)
    const entry = this.#entries.get(network) ?? { window: new SlidingWindow(this.#rate), time: now }
    this.#entries.delete(network)
    this.#entries.set(network, entry)
    entry.time = now
    return entry.window.take(now) ? 0 : entry.window.nextTime(now) - now
  }

  #forget(now: number): void {
    for (const [address, { time }] of this.#entries) {
      if (time + this.#rate.per >= now && this.#entries.size < MOST) return
      this.#entries.delete(address)
    }
  }
}
