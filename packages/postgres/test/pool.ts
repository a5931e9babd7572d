import type { PostgresOptions } from '@potoroo/postgres'
import pg from 'pg'

type PoolLike = NonNullable<PostgresOptions['pool']>

/** A pool for a test's own looks, or for its stores to share: new connections take longer than most tests. */
export function makePool(connectionString: string): pg.Pool {
  const pool = new pg.Pool({ connectionString, max: 20 })
  // Of the server's end a connection that is being closed is told, too.
  return pool.on('error', () => {}).on('connect', (client) => client.on('error', () => {}))
}

/** As behind a pooler in transaction mode: it takes LISTEN, and nothing ever comes of it. */
export function deafPool(connectionString: string): PoolLike {
  const pool = makePool(connectionString)
  return {
    options: pool.options,
    end: () => pool.end(),
    on: (event, listener) => pool.on(event, listener),
    removeListener: (event, listener) => pool.removeListener(event, listener),
    async connect() {
      const client = await pool.connect()
      return {
        query: (config) => (config.text.startsWith('LISTEN') ? client.query('SELECT 1') : client.query(config)) as Promise<{ rows: unknown[] }>,
        on: (event, listener) => client.on(event as 'error', listener),
        removeListener: (event, listener) => client.removeListener(event, listener),
        release: (destroy) => client.release(destroy),
      }
    },
  }
}

/** Takes everything out of a schema but its tables. */
export async function empty(pool: pg.Pool, schema: string): Promise<void> {
  const tables = ['queues', 'departures', 'jobs', 'done', 'past', 'arrivals', 'outbox', 'workers', 'claims', 'starts', 'sessions'].map((name) => `"${schema}".${name}`)
  await pool.query(`TRUNCATE ${tables.join(', ')} RESTART IDENTITY`)
}
