import { closeSync, existsSync, openSync, rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'

/**
 * A file that this process holds locked for as long as it lives. The operating system lets go of it when the process
 * dies, in whatever way, so whether it is locked says whether its owner is alive: a process number would not, because
 * numbers are used again, and mean something else in the container beside this one. SQLite is what locks files here, as
 * Node itself cannot.
 */
export class WorkerLock {
  readonly path: string
  readonly #database: DatabaseSync

  constructor(path: string) {
    this.path = path
    closeSync(openSync(path, 'wx', 0o600))
    this.#database = lock(path)
  }

  /** Lets go of the file, and removes it. */
  release(): void {
    this.#database.close()
    rmSync(this.path, { force: true })
  }
}

/** Whether nobody holds the lock any more. Its file, which its owner could not take away, is then gone too. */
export function isAbandoned(path: string): boolean {
  if (!existsSync(path)) return true
  try {
    lock(path).close()
    rmSync(path, { force: true })
    return true
  } catch {
    return false
  }
}

function lock(path: string): DatabaseSync {
  const database = new DatabaseSync(path)
  try {
    // Nothing is ever written, so the journal needs no file. (OFF would be ignored: Node opens databases as defensive.)
    database.exec('PRAGMA busy_timeout = 0; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
    return database
  } catch (error) {
    database.close()
    throw error
  }
}
