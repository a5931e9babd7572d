import type { Clock } from 'potoroo'
import { networkOf } from './network.ts'

/** Wrong tokens that an address may send before it is slowed: a person who mistypes never notices. */
const FREE = 5
/** Wrong tokens remembered; more of them don't make it slower. */
const MOST = 20
/** Milliseconds after which one wrong token is forgiven. */
const FORGIVEN_AFTER = 10_000
/** Milliseconds between the tries of an address that is slowed. */
const PACE = 1_000
/** How many tries of one address may wait for their turn. */
const WAITING = 5
/** How many addresses are remembered. */
const ADDRESSES = 10_000

interface Record {
  wrong: number
  /** When `wrong` was right. */
  at: number
  /** When the next try may be looked at. */
  nextTurn: number
  waiting: number
}

/**
 * Slows guessing. An address that sent more than a few wrong tokens has its tries, right or wrong ones, looked at one a second;
 * a right one must wait too, or else guesses sent side by side would not be slowed at all. Other addresses don't notice, and
 * neither does who had the right token at this address before: somebody's wrong ones must not lock the operator out.
 */
export class Tries {
  readonly #clock: Clock
  /** In the order of the last wrong token. */
  readonly #records = new Map<string, Record>()
  readonly #timers = new Map<unknown, () => void>()
  /** Those that a right token came from, in the order of the first. */
  readonly #trusted = new Set<string>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * When this address's next try may be looked at: at once (`undefined`), or a promise of its turn.
   *
   * @returns the seconds to stay away if too many wait already
   */
  turn(address: string): undefined | Promise<void> | { readonly retryAfter: number } {
    const record = this.#records.get(networkOf(address))
    if (record === undefined) return undefined
    this.#forgive(record)
    if (record.wrong < FREE) return undefined
    const now = this.#clock.now()
    const turn = Math.max(now, record.nextTurn)
    if (record.waiting >= WAITING) return { retryAfter: Math.ceil((turn - now) / 1_000) }
    record.nextTurn = turn + PACE
    if (turn === now) return undefined
    record.waiting++
    return new Promise((resolve) => {
      const end = (): void => {
        this.#timers.delete(timer)
        record.waiting--
        resolve()
      }
      const timer = this.#clock.setTimeout(end, turn - now)
      this.#timers.set(timer, end)
    })
  }

  /** Whether a right token came from this address before. */
  trusts(address: string): boolean {
    return this.#trusted.has(networkOf(address))
  }

  /** Notes a right token. */
  right(address: string): void {
    this.#trusted.add(networkOf(address))
    if (this.#trusted.size > ADDRESSES) forgetFirst(this.#trusted)
  }

  /** Notes a wrong token. */
  wrong(address: string): void {
    const network = networkOf(address)
    const now = this.#clock.now()
    const record = this.#records.get(network) ?? { wrong: 0, at: now, nextTurn: now, waiting: 0 }
    this.#forgive(record)
    record.wrong = Math.min(record.wrong + 1, MOST)
    if (record.wrong === FREE) record.nextTurn = now + PACE
    this.#records.delete(network)
    this.#records.set(network, record)
    // The address that was quiet for longest makes room.
    if (this.#records.size > ADDRESSES) forgetFirst(this.#records)
  }

  /** Lets those that wait go on. */
  close(): void {
    for (const [timer, end] of this.#timers) {
      this.#clock.clearTimeout(timer)
      end()
    }
  }

  #forgive(record: Record): void {
    const forgiven = Math.floor((this.#clock.now() - record.at) / FORGIVEN_AFTER)
    record.wrong = Math.max(0, record.wrong - forgiven)
    record.at += forgiven * FORGIVEN_AFTER
  }
}

function forgetFirst(all: Map<string, unknown> | Set<string>): void {
  const [first] = all.keys()
  if (first !== undefined) all.delete(first)
}
