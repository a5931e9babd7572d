import type { Store } from '@potoroo/queue'
import { postgresStore } from '@potoroo/postgres'

/** For processes that the suite starts: the store at `where`, a connection string with the schema behind `#`. */
export function openStore(where: string): Store {
  const [connectionString, schema] = where.split('#') as [string, string]
  return postgresStore({ connectionString, schema })
}
