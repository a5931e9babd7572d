import pg from 'pg'

/** A pool for a test's own looks, or for its stores to share: new connections take longer than most tests. */
export function makePool(connectionString: string): pg.Pool {
  const pool = new pg.Pool({ connectionString, max: 20 })
  // Of the server's end a connection that is being closed is told, too.
  return pool.on('error', () => {}).on('connect', (client) => client.on('error', () => {}))
}

/** Takes everything out of a schema but its tables. */
export async function empty(pool: pg.Pool, schema: string): Promise<void> {
  const tables = ['queues', 'jobs', 'done', 'past', 'arrivals', 'outbox', 'workers', 'claims', 'starts', 'sessions'].map((name) => `"${schema}".${name}`)
  await pool.query(`TRUNCATE ${tables.join(', ')} RESTART IDENTITY`)
}
