import type { Pool, PoolClient } from 'pg'

/** Runs `work` in a transaction, which is then committed or rolled back; rolled back in any case if it throws. */
export async function inTransaction<T>(pool: Pool, work: (client: PoolClient) => PromiseLike<T>, end: 'COMMIT' | 'ROLLBACK' = 'COMMIT'): Promise<T> {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    const result = await work(client)
    await client.query(end)
    return result
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  } finally {
    client.release()
  }
}
