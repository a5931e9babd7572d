import { postgresStore } from '@potoroo/postgres'
import type { Store } from '@potoroo/queue'
import pg from 'pg'
import { CommandError, UsageError } from './command-error.ts'
import type { Place } from './place.ts'

/** Milliseconds for a look whether there is a store. */
const LOOK_WITHIN = 5_000

/** A PostgreSQL database, in whose schema `potoroo` the queues are. */
export class PostgresPlace implements Place {
  readonly title: string
  readonly #url: string
  /** Not connected: it knows where a URL leads, with all that may be left out of one. */
  readonly #client: pg.Client

  /** @throws UsageError ERR_INVALID_CONNECTION */
  constructor(url: string) {
    const parsed = URL.parse(url)
    // A password with a / or a # in it: what is behind it would be taken for the database's name, and shown.
    if (parsed === null || !/^postgres(ql)?:\/\//.test(url) || `${parsed.pathname}${parsed.hash}`.includes('@')) throw invalid()
    this.#url = url
    try {
      this.#client = new pg.Client({ connectionString: url, connectionTimeoutMillis: LOOK_WITHIN, query_timeout: LOOK_WITHIN })
    } catch {
      throw invalid()
    }
    const { host, port, database } = this.#client
    this.title = `PostgreSQL at ${host.includes(':') ? `[${host}]` : host}:${port}/${database}`
  }

  isSame(other: Place): boolean {
    return other instanceof PostgresPlace && this.title === other.title
  }

  open(): Store {
    return postgresStore({ connectionString: this.#url })
  }

  async openExisting(): Promise<Store> {
    if (await this.#isEmpty()) {
      throw new CommandError('ERR_STORE_NOT_FOUND', `There are no queues in ${this.title}; name the database that the queue is kept in`)
    }
    return this.open()
  }

  /** Whether it can be seen that there is no store. Whatever is in the way of a look, the store will say better. */
  async #isEmpty(): Promise<boolean> {
    const client = this.#client.on('error', () => undefined)
    try {
      await client.connect()
      const { rows } = await client.query<{ made: boolean }>("SELECT to_regclass('potoroo.potoroo_migrations') IS NOT NULL AS made")
      return !rows[0]!.made
    } catch {
      return false
    } finally {
      await client.end().catch(() => undefined)
    }
  }
}

function invalid(): UsageError {
  return new UsageError(
    'ERR_INVALID_CONNECTION',
    'A PostgreSQL database is named as postgres://user:password@host:5432/database, with %2F for a / in the password, %23 for a #, %40 for an @',
  )
}
