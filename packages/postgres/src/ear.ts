import type { Clock } from 'potoroo'
import type { Checkout, Database } from './database.ts'

export interface EarOptions {
  readonly database: Database
  readonly channel: string
  readonly clock: Clock
  /** Of this store: its own notes are of no interest. */
  readonly id: string
  /** Somebody else has changed this queue. */
  readonly onNote: (queue: number) => void
  /** A transaction was committed that has put jobs into this queue. */
  readonly onArrival: (queue: number) => void
  /** Something may have happened, to any queue. */
  readonly onLook: () => void
}

/** Milliseconds between looks while notes arrive, while they do not, and between tests of whether they do. */
const LOOK_EVERY = 2_000
const LOOK_DEAF = 50
const TEST_EVERY = 5_000
const TEST_WITHIN = 2_000

/**
 * Hears at once what other processes do, on a connection of its own that listens for their notes; and looks by itself every
 * now and then, more often while no notes arrive: that is so while the connection is down, and behind a pooler that gives
 * each transaction another one. Whether notes arrive is tested by sending some.
 */
export class Ear {
  readonly #options: EarOptions
  #client: Checkout | undefined
  #hears = false
  #closed = false
  #connecting = false
  #lookTimer: unknown
  #testTimer: unknown
  #deadline: unknown

  constructor(options: EarOptions) {
    this.#options = options
    this.#look()
    // With the timer for the next try: the very first LISTEN may never be answered.
    this.#reconnect()
  }

  close(): void {
    this.#closed = true
    this.#options.clock.clearTimeout(this.#lookTimer)
    this.#options.clock.clearTimeout(this.#testTimer)
    this.#options.clock.clearTimeout(this.#deadline)
    this.#disconnect()
  }

  #look(): void {
    if (this.#closed) return
    this.#lookTimer = this.#options.clock.setTimeout(() => {
      this.#options.onLook()
      this.#look()
    }, this.#hears ? LOOK_EVERY : LOOK_DEAF)
  }

  #connect(): void {
    if (this.#closed || this.#connecting) return
    this.#connecting = true
    const { database, channel } = this.#options
    database
      .connect()
      .then(async (client) => {
        this.#connecting = false
        this.#client = client
        client.on('notification', this.#heard)
        client.on('end', this.#ended)
        await client.query({ text: `LISTEN ${quoted(channel)}` })
        if (this.#closed) this.#disconnect()
        else this.#test()
      })
      .catch(() => {
        this.#connecting = false
        this.#disconnect()
        this.#testLater()
      })
  }

  /** The line is dead, or nobody passes notes on: until that changes, it is looked instead of heard. */
  readonly #ended = (): void => {
    this.#hears = false
    this.#disconnect()
  }

  #disconnect(): void {
    const client = this.#client
    if (client === undefined) return
    this.#client = undefined
    client.removeListener('notification', this.#heard)
    client.removeListener('end', this.#ended)
    this.#options.database.release(client, true)
  }

  /** Sends itself a note, and sees whether it arrives. */
  #test(): void {
    const { database, channel, id } = this.#options
    this.#options.clock.clearTimeout(this.#deadline)
    this.#deadline = this.#options.clock.setTimeout(() => this.#ended(), TEST_WITHIN)
    database.query('SELECT pg_notify($1, $2)', [channel, `? ${id}`]).catch(() => undefined)
    this.#testLater()
  }

  #testLater(): void {
    this.#options.clock.clearTimeout(this.#testTimer)
    if (this.#closed) return
    this.#testTimer = this.#options.clock.setTimeout(() => (this.#client === undefined ? this.#reconnect() : this.#test()), TEST_EVERY)
  }

  #reconnect(): void {
    this.#testLater()
    this.#connect()
  }

  readonly #heard = (note: unknown): void => {
    const [queue, from] = ((note as { readonly payload?: string }).payload ?? '').split(' ')
    if (from === '+') return this.#options.onArrival(Number(queue))
    if (from !== this.#options.id) return this.#options.onNote(Number(queue))
    if (queue !== '?') return
    this.#options.clock.clearTimeout(this.#deadline)
    // From now on everything is heard; what was not until now is looked for.
    if (!this.#hears) this.#options.onLook()
    this.#hears = true
  }
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
