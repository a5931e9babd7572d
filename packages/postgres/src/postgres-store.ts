import type { Declared, News, QueueStore, Store, StoreError } from '@potoroo/queue'
import { type Clock, Deferred, systemClock, usageError } from 'potoroo'
import { Hub } from './hub.ts'
import { OpenQueue } from './open-queue.ts'
import type { PoolLike } from './pool.ts'
import type { Listener } from './postgres-queue.ts'

export interface PostgresOptions {
  /** A pool of `pg`, with two connections at least: one of them is kept for listening. It is left open. */
  readonly pool?: PoolLike
  /** `postgres://user:password@host:port/database`, for a pool of the store's own. */
  readonly connectionString?: string
  /** Where the tables are; made if it is not there. Default `potoroo`. */
  readonly schema?: string
  /**
   * Whose time it goes by: what a rate counts, and, if the time of day here is more than a second off, everything else. The
   * `database`'s (the default) is the same for all machines. The `caller`'s is that of the queue's own clock, for tests that
   * hold time in their hands.
   */
  readonly rateClock?: 'database' | 'caller'
  /** Told when the server cannot be reached, or takes no writes, and with null when that is over. */
  readonly onTrouble?: (error: StoreError | null) => void
  /** What time-outs and pauses go by. Default: the real time. */
  readonly clock?: Clock
}

/** Connections of a pool of the store's own: one listens, one for each queue that is at work. */
const CONNECTIONS = 10
/** Milliseconds after which one that has not come up is taken down: by then nobody waits for it, and it would keep the process alive. */
const GIVE_UP_AFTER = 6_000

/**
 * A store in a PostgreSQL database (14 or newer), which any number of processes on any number of machines may share.
 * Opened with its first queue, closed with its last. It needs the package `pg`.
 *
 * What is committed is as safe as the server makes it: see `synchronous_commit`.
 *
 * @throws TypeError ERR_INVALID_CONNECTION, ERR_INVALID_POOL, ERR_INVALID_SCHEMA or ERR_INVALID_CLOCK
 *
 * @example
 * const store = postgresStore({ connectionString: process.env.DATABASE_URL })
 * const queue = await openQueue({ name: 'mail', store })
 * await queue.put({ to: 'ada@example.org' })
 * await queue.stop()
 */
export function postgresStore(options: PostgresOptions): Store {
  return new PostgresStore(checkOptions(options))
}

class PostgresStore implements Store {
  readonly #options: Checked
  #hub: Promise<Hub> | undefined
  /** Openings and openers that need the hub. */
  #users = 0

  constructor(options: Checked) {
    this.#options = options
  }

  open(name: string, declared: Declared, hear: (news: News) => void, waits = () => true): Deferred<QueueStore> {
    const opening = new Deferred<QueueStore>()
    this.#open(name, declared, { hear, waits }).then(
      (queue) => {
        // Cancelled before its turn: nobody would ever close it.
        if (opening.called) void queue.close()
        else opening.callback(queue)
      },
      (error: unknown) => {
        if (!opening.called) opening.errback(error)
      },
    )
    return opening
  }

  queues(): Deferred<string[]> {
    return Deferred.from(this.#names())
  }

  async #names(): Promise<string[]> {
    this.#users++
    this.#hub ??= this.#openHub()
    const opened = this.#hub
    try {
      return await (await opened).names()
    } finally {
      await this.#left(opened)
    }
  }

  async #open(name: string, declared: Declared, listener: Listener): Promise<QueueStore> {
    this.#users++
    this.#hub ??= this.#openHub()
    const opened = this.#hub
    try {
      const hub = await opened
      const entry = await hub.use(name)
      try {
        await entry.queue.declare(declared)
      } catch (error) {
        await hub.leave(entry)
        throw error
      }
      const leave = async (): Promise<void> => {
        await hub.leave(entry)
        await this.#left(opened)
      }
      return new OpenQueue(entry.queue, entry.silence, listener, () => Deferred.from(leave()))
    } catch (error) {
      await this.#left(opened)
      throw error
    }
  }

  async #openHub(): Promise<Hub> {
    const { pool, where, schema, rateClock, connectionString, clock } = this.#options
    return Hub.open(pool ?? (await makePool(connectionString!)), pool === undefined, where, {
      schema,
      databaseClock: rateClock === 'database',
      onTrouble: (error) => this.#tell(error),
      clock,
    })
  }

  #tell(trouble: StoreError | null): void {
    try {
      this.#options.onTrouble(trouble)
    } catch (error) {
      process.emitWarning(`onTrouble of a store threw: ${(error as Error).message}`, 'PotorooWarning')
    }
  }

  /** The last one to go closes what was opened. */
  async #left(opened: Promise<Hub>): Promise<void> {
    if (--this.#users > 0) return
    this.#hub = undefined
    const hub = await opened.catch(() => undefined)
    await hub?.close()
  }
}

async function makePool(connectionString: string): Promise<PoolLike> {
  // Only who has no pool needs `pg` itself.
  const { default: pg } = await import('pg')
  const pool = new pg.Pool({
    connectionString,
    max: CONNECTIONS,
    connectionTimeoutMillis: GIVE_UP_AFTER,
    keepAlive: true,
    application_name: 'potoroo',
  })
  // One that is being closed may still be told that the server stops, which unheard would end the process.
  return pool.on('connect', (client) => client.on('error', () => {}))
}

interface Checked extends Required<Omit<PostgresOptions, 'pool' | 'connectionString'>>, Pick<PostgresOptions, 'pool' | 'connectionString'> {
  readonly where: string
}

function checkOptions(options: PostgresOptions): Checked {
  const { pool, connectionString, schema = 'potoroo', rateClock = 'database', onTrouble = () => {}, clock = systemClock } = options ?? {}
  if ((pool === undefined) === (connectionString === undefined)) {
    throw usageError(TypeError, 'ERR_INVALID_CONNECTION', 'Give postgresStore a pool of pg or a connectionString, one of the two')
  }
  if (typeof schema !== 'string' || schema === '' || schema.includes('\0') || Buffer.byteLength(schema) > 50) {
    throw usageError(TypeError, 'ERR_INVALID_SCHEMA', 'schema is the name of a PostgreSQL schema, of 50 bytes at most')
  }
  if (rateClock !== 'database' && rateClock !== 'caller') {
    throw usageError(TypeError, 'ERR_INVALID_CLOCK', "rateClock is 'database' or 'caller'")
  }
  const rest = { schema, rateClock, onTrouble, clock }
  if (pool !== undefined) {
    const { max } = pool.options ?? {}
    if (typeof pool.connect !== 'function' || (max !== undefined && max < 2)) {
      throw usageError(TypeError, 'ERR_INVALID_POOL', 'pool is a Pool of pg, with two connections at least: one of them listens')
    }
    return { ...rest, pool, where: 'PostgreSQL' }
  }
  return { ...rest, connectionString: connectionString!, where: describe(connectionString!) }
}

/** Where a connection string points to, without anything secret. */
function describe(connectionString: unknown): string {
  const url = typeof connectionString === 'string' && /^postgres(ql)?:\/\//.test(connectionString) ? URL.parse(connectionString) : null
  if (url === null) {
    throw usageError(TypeError, 'ERR_INVALID_CONNECTION', 'connectionString looks like postgres://user:password@host:5432/database')
  }
  return `PostgreSQL at ${url.host || 'this machine'}${url.pathname}`
}
