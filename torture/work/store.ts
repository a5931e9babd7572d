import { postgresStore } from '@potoroo/postgres'
import type { Store } from '@potoroo/queue'
import { type Durability, sqliteStore } from '@potoroo/sqlite'

/** The store at a URL: `sqlite:/path/to/file?durability=process`, or `postgres://user@host:port/database`. */
export function openStore(url: string): Store {
  const { protocol, pathname, searchParams } = new URL(url)
  if (protocol === 'sqlite:') return sqliteStore(decodeURIComponent(pathname), { durability: (searchParams.get('durability') ?? 'power') as Durability })
  if (/^postgres(ql)?:$/.test(protocol)) return postgresStore({ connectionString: url })
  throw new Error(`No store is known for ${protocol}`)
}

/** The file of a store that is one. */
export function fileOf(url: string): string {
  return decodeURIComponent(new URL(url).pathname)
}
