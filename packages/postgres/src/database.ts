import type { Clock } from 'potoroo'
import { isCut, sqlStateOf, storeError, Unheard, Unsent } from './errors.ts'
import type { ClientLike, PoolLike } from './pool.ts'
import type { Row } from './rows.ts'

/** Milliseconds that a connection may take to come up, and a server to answer, before the way to it counts as cut. */
const CONNECT_WITHIN = 5_000
const ANSWER_WITHIN = 10_000
const END_WITHIN = 1_000

type Checkout = Awaited<ReturnType<PoolLike['connect']>>

/** bigint, smallint, integer, double precision: JavaScript's numbers hold all that is kept here. */
const NUMBERS = new Set([20, 21, 23, 701])
export const types = {
  getTypeParser: (oid: number) => (NUMBERS.has(oid) ? Number : asItIs),
}

/** The way to the server: statements on any connection of a pool, each a transaction of its own. */
export class Database {
  /** How it is named in messages, without the password. */
  readonly where: string
  readonly #pool: PoolLike
  readonly #isOurs: boolean
  readonly #clock: Clock
  readonly #ignore = (): void => {}

  constructor(pool: PoolLike, isOurs: boolean, where: string, clock: Clock) {
    this.where = where
    this.#pool = pool
    this.#isOurs = isOurs
    this.#clock = clock
    // A connection that breaks while nobody uses it is told of by an event, which unheard would end the process.
    pool.on('error', this.#ignore)
  }

  /**
   * Runs one statement.
   *
   * @throws Unsent if it was not sent; Unheard if nobody knows what became of it; Refused or StoreError if the database
   * has not done it
   */
  async query(text: string, values: unknown[] = []): Promise<Row[]> {
    const client = await this.connect()
    try {
      const { rows } = await this.#within(ANSWER_WITHIN, client.query({ text, values, rowMode: 'array', types }))
      this.release(client, false)
      return rows as Row[]
    } catch (error) {
      const cut = isCut(sqlStateOf(error))
      this.release(client, cut)
      throw cut ? new Unheard(error) : storeError(error, this.where)
    }
  }

  /** Several statements on one connection, in one transaction. */
  async transaction<T>(work: (query: (text: string) => Promise<Row[]>) => Promise<T>): Promise<T> {
    const client = await this.connect()
    const query = async (text: string): Promise<Row[]> => {
      const { rows } = await this.#within(ANSWER_WITHIN, client.query({ text, rowMode: 'array', types }))
      return rows as Row[]
    }
    try {
      await query('BEGIN')
      const result = await work(query)
      await query('COMMIT')
      this.release(client, false)
      return result
    } catch (error) {
      // With the connection goes the transaction.
      this.release(client, true)
      throw storeError(error, this.where)
    }
  }

  /** A connection of one's own. @throws Unsent, or StoreError if the server does not want us */
  async connect(): Promise<Checkout> {
    const connecting = this.#pool.connect()
    let client: Checkout
    try {
      client = await this.#within(CONNECT_WITHIN, connecting)
    } catch (error) {
      // It may come up all the same, later.
      connecting.then(
        (late) => late.release(true),
        () => undefined,
      )
      const sqlState = sqlStateOf(error)
      throw isCut(sqlState) || sqlState!.startsWith('53') ? new Unsent(error) : storeError(error, this.where)
    }
    client.on('error', this.#ignore)
    return client
  }

  release(client: Checkout, isBroken: boolean): void {
    // A broken one keeps its listener: it may still have something to say.
    if (!isBroken) client.removeListener('error', this.#ignore)
    client.release(isBroken)
  }

  async close(): Promise<void> {
    this.#pool.removeListener('error', this.#ignore)
    if (!this.#isOurs) return
    this.#pool.on('error', this.#ignore)
    // A line that is dead has no end to wait for.
    await this.#within(END_WITHIN, this.#pool.end()).catch(this.#ignore)
  }

  /** @throws Error when it takes longer */
  async #within<T>(ms: number, work: Promise<T>): Promise<T> {
    let timer: unknown
    const late = new Promise<never>((_, reject) => {
      timer = this.#clock.setTimeout(() => reject(new Error(`no answer within ${ms / 1_000} s`)), ms)
    })
    try {
      return await Promise.race([work, late])
    } finally {
      this.#clock.clearTimeout(timer)
      work.catch(() => undefined)
    }
  }
}

function asItIs(text: string): string {
  return text
}

export type { Checkout, ClientLike }
