import { StoreError } from '@potoroo/queue'
import type { Database } from './database.ts'
import { MIGRATIONS } from './migrations.ts'

/**
 * Brings the schema to the newest shape, once, whichever process comes first.
 *
 * @param schema quoted; `name` is the same, not quoted
 * @throws StoreError ERR_STORE_NEWER, ERR_STORE_FOREIGN, ERR_STORE_RIGHTS, ERR_STORE_ENCODING
 */
export async function migrate(database: Database, schema: string, name: string): Promise<void> {
  const [found] = await database.query(
    `SELECT current_setting('server_encoding'), to_regclass($1) IS NOT NULL,
            (SELECT count(*) FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace WHERE s.nspname = $2 AND c.relkind = 'r')`,
    [`${schema}.potoroo_migrations`, name],
  )
  const [encoding, ours, tables] = found as unknown as [string, string, number]
  if (encoding !== 'UTF8') {
    throw new StoreError('ERR_STORE_ENCODING', `${database.where}: the database's encoding is ${encoding}; make one with ENCODING 'UTF8'`)
  }
  if (ours === 'f' && tables > 0) {
    throw new StoreError('ERR_STORE_FOREIGN', `${database.where}: the schema ${name} holds another program's tables; name a schema of its own for the queue`)
  }
  const steps = async (query: (text: string) => Promise<unknown[]>): Promise<number> => {
    const [row] = (await query(`SELECT coalesce(max(step), 0) FROM ${schema}.potoroo_migrations`)) as number[][]
    const taken = Number(row![0])
    if (taken > MIGRATIONS.length) {
      throw new StoreError('ERR_STORE_NEWER', `${database.where}: the schema ${name} was made by a newer version of Potoroo; use that version, or a newer one`)
    }
    return taken
  }
  if (ours === 't' && (await steps((text) => database.query(text))) === MIGRATIONS.length) return
  await database.transaction(async (query) => {
    // Another process may be here at the same time.
    await query(`SELECT pg_advisory_xact_lock(hashtextextended('potoroo migrations of ' || ${literal(name)}, 0))`)
    // "IF NOT EXISTS" asks for the right to create one even if there is one.
    const [exists] = await query(`SELECT to_regnamespace(${literal(schema)}) IS NOT NULL`)
    if (exists![0] === 'f') await query(`CREATE SCHEMA ${schema}`)
    await query(`SET LOCAL search_path = ${schema}, pg_catalog`)
    const [table] = await query(`SELECT to_regclass(${literal(`${schema}.potoroo_migrations`)}) IS NOT NULL`)
    if (table![0] === 'f') await query('CREATE TABLE potoroo_migrations (step integer PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())')
    for (let step = await steps(query); step < MIGRATIONS.length; step++) {
      await query(MIGRATIONS[step]!)
      await query(`INSERT INTO potoroo_migrations (step) VALUES (${step + 1})`)
    }
  })
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
