import { statSync } from 'node:fs'
import pg from 'pg'
import { fileOf } from './store.ts'

/** What a store takes, in bytes: a file and its log, or a database's tables and their indexes. */
export interface Weight {
  readonly data: number
  readonly rest: number
}

/** What the two are called. */
export function partsOf(url: string): readonly [data: string, rest: string] {
  return isFile(url) ? ['file', 'log'] : ['tables', 'indexes']
}

/** What the store at a URL takes now. */
export async function weigh(url: string): Promise<Weight> {
  if (!isFile(url)) return weighSchema(url)
  const size = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0
  return { data: size(fileOf(url)), rest: size(`${fileOf(url)}-wal`) }
}

function isFile(url: string): boolean {
  return new URL(url).protocol === 'sqlite:'
}

async function weighSchema(url: string): Promise<Weight> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<{ data: string; rest: string }>(
      `SELECT sum(pg_table_size(oid)) AS data, sum(pg_indexes_size(oid)) AS rest
         FROM pg_class WHERE relnamespace = 'potoroo'::regnamespace AND relkind = 'r'`,
    )
    return { data: Number(rows[0]?.data), rest: Number(rows[0]?.rest) }
  } finally {
    await client.end()
  }
}
