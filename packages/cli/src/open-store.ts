import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Store } from '@potoroo/queue'
import { sqliteStore } from '@potoroo/sqlite'
import { CommandError, UsageError } from './command-error.ts'

/** The store that an argument names: a file of SQLite's. */
export function openStore(where: string): Store {
  checkScheme(where)
  return sqliteStore(where)
}

/** As {@link openStore}, for one that must be there: to look into a store must not make one. */
export function openExisting(where: string): Store {
  checkScheme(where)
  const file = fileOf(where)
  if (file === undefined) {
    throw new CommandError('ERR_STORE_NOT_FOUND', `There is no file ${where}; name the file that the queue is kept in`)
  }
  if (!file.isFile()) throw new CommandError('ERR_STORE_NOT_FOUND', `${where} is no file; name the file that the queue is kept in`)
  return sqliteStore(where)
}

/** Whether two arguments name one store. */
export function isSameStore(a: string, b: string): boolean {
  const [one, other] = [fileOf(a), fileOf(b)]
  if (one === undefined || other === undefined) return resolve(a) === resolve(b)
  return one.dev === other.dev && one.ino === other.ino
}

/** @throws UsageError ERR_UNKNOWN_STORE */
function checkScheme(where: string): void {
  const scheme = /^([a-z][a-z\d+.-]+):\/\//i.exec(where)?.[1]
  if (scheme !== undefined) {
    throw new UsageError('ERR_UNKNOWN_STORE', `${scheme}:// is no store that this version knows; name a file, as jobs.db`)
  }
  if (where === '' || where === ':memory:') {
    throw new UsageError('ERR_UNKNOWN_STORE', 'Name a file, as jobs.db; what is in memory would be gone with this command')
  }
}

function fileOf(path: string) {
  return statSync(path, { throwIfNoEntry: false, bigint: true })
}
