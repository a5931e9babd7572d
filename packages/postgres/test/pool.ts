import type { PostgresOptions } from '@potoroo/postgres'
import pg from 'pg'

type PoolLike = NonNullable<PostgresOptions['pool']>

/** A pool for a test's own looks, or for its stores to share: new connections take longer than most tests. */
export function makePool(connectionString: string): pg.Pool {
  const pool = new pg.Pool({ connectionString, max: 20 })
  // Of the server's end a connection that is being closed is told, too.
  return pool.on('error', () => {}).on('connect', (client) => client.on('error', () => {}))
}

type Query = Awaited<ReturnType<PoolLike['connect']>>['query']

/** A pool whose queries go through `query`, which asks the real one or does not. */
export function watchedPool(pool: pg.Pool, query: (config: Parameters<Query>[0], ask: Query) => ReturnType<Query>): PoolLike {
  return {
    options: pool.options,
    end: () => pool.end(),
    on: (event, listener) => pool.on(event, listener),
    removeListener: (event, listener) => pool.removeListener(event, listener),
    async connect() {
      const client = await pool.connect()
      const ask: Query = (config) => client.query(config) as Promise<{ rows: unknown[] }>
      return {
        query: (config) => query(config, ask),
        on: (event, listener) => client.on(event as 'error', listener),
        removeListener: (event, listener) => client.removeListener(event, listener),
        release: (destroy) => client.release(destroy),
      }
    },
  }
}

/** As behind a pooler in transaction mode: it takes LISTEN, and nothing ever comes of it. */
export function deafPool(connectionString: string): PoolLike {
  return watchedPool(makePool(connectionString), (config, ask) => ask(config.text.startsWith('LISTEN') ? { text: 'SELECT 1' } : config))
}

/** Takes everything out of a schema but its tables. */
export async function empty(pool: pg.Pool, schema: string): Promise<void> {
  const tables = ['queues', 'departures', 'jobs', 'done', 'past', 'arrivals', 'outbox', 'workers', 'claims', 'starts', 'sessions'].map((name) => `"${schema}".${name}`)
  await pool.query(`TRUNCATE ${tables.join(', ')} RESTART IDENTITY`)
}
