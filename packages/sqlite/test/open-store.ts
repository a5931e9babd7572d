import type { Store } from '@potoroo/queue'
import { sqliteStore } from '@potoroo/sqlite'

/** For processes that the suite starts: the store on the file at `where`. */
export function openStore(where: string): Store {
  return sqliteStore(where, { durability: 'process' })
}
