import { UsageError } from './command-error.ts'
import { FilePlace } from './file-place.ts'
import type { Place } from './place.ts'
import { PostgresPlace } from './postgres-place.ts'

/**
 * The place that an argument names: a URL of PostgreSQL's, or a file.
 *
 * @throws UsageError ERR_UNKNOWN_STORE, ERR_INVALID_CONNECTION
 */
export function findPlace(where: string): Place {
  // Without its slashes it is a mistake, and not a file's name, which would be shown with the password in it.
  if (/^postgres(ql)?:/i.test(where)) return new PostgresPlace(where)
  const scheme = /^([a-z][a-z\d+.-]+):\/\//i.exec(where)?.[1]
  if (scheme !== undefined) {
    throw new UsageError(
      'ERR_UNKNOWN_STORE',
      `${scheme}:// is no store that this version knows; name a file, as jobs.db, or a database, as postgres://user:password@host/database`,
    )
  }
  if (where === '' || where === ':memory:') {
    throw new UsageError('ERR_UNKNOWN_STORE', 'Name a file, as jobs.db; what is in memory would be gone with this command')
  }
  return new FilePlace(where)
}
