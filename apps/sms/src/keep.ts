import type { Store, StoreError } from '@potoroo/queue'
import { postgresStore } from '@potoroo/postgres'
import { sqliteStore } from '@potoroo/sqlite'
import { prepareDataFile } from './data-folder.ts'
import type { Settings } from './settings.ts'

/** Where the messages are kept. */
export interface Keep {
  readonly store: Store
  /** For whoever starts the service: where that is, and what it survives. No secrets. */
  readonly description: string
  /** Whether it is in reach, as far as is known. */
  readonly isInReach: () => boolean
}

/**
 * The store that the settings name: an SQLite file, or a PostgreSQL database that several machines may share.
 *
 * @param say told when the database gets out of reach, and when it is back
 * @throws StartError if the file cannot be made
 */
export function openKeep({ storePath, databaseUrl }: Settings, say: (message: string) => void): Keep {
  if (databaseUrl === undefined) {
    prepareDataFile(storePath)
    return {
      store: sqliteStore(storePath, { durability: 'power' }),
      description: `${storePath}  (what was accepted survives a power cut)`,
      isInReach: () => true,
    }
  }
  let trouble: StoreError | null = null
  const onTrouble = (error: StoreError | null): void => {
    trouble = error
    say(error === null ? 'The database can be used again' : error.message)
  }
  const { host, pathname } = new URL(databaseUrl)
  return {
    store: postgresStore({ connectionString: databaseUrl, onTrouble }),
    description: `PostgreSQL at ${host}${pathname}  (what was accepted is as safe as that server makes it)`,
    isInReach: () => trouble === null,
  }
}
