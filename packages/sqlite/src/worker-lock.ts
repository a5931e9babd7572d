import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, fstatSync, openSync, readdirSync, rmSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** SQLite's number for a file that somebody else has locked. */
const BUSY = 5

/** What the names of a database's locks begin with. */
const prefixOf = (database: string): string => `${database}-lock-`

/**
 * A file that this process holds locked for as long as it lives. The operating system lets go of it when the process
 * dies, in whatever way, so whether it is locked says whether its owner is alive: a process number would not, because
 * numbers are used again, and mean something else in the container beside this one. SQLite is what locks files here, as
 * Node itself cannot.
 */
export class WorkerLock {
  readonly path: string
  readonly #database: DatabaseSync

  /** @param database the file that it stands beside */
  constructor(database: string) {
    // Until it is locked, its file looks like one whose owner is dead, and may be swept away: then once more.
    for (;;) {
      const path = prefixOf(database) + randomBytes(6).toString('hex')
      const file = make(path)
      const locked = tryLock(path)
      if (locked !== undefined && numberOf(path) === file) {
        this.path = path
        this.#database = locked
        return
      }
      locked?.close()
      rmSync(path, { force: true })
    }
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
    const locked = tryLock(path)
    if (locked === undefined) return false
    try {
      // While it is held: whoever made this file just now, and wants to lock it, must find it gone.
      rmSync(path, { force: true })
    } finally {
      locked.close()
    }
    return true
  } catch {
    return false
  }
}

/** Takes away the locks beside a database whose owners are dead: of those that held no job, nobody else would. */
export function sweepLocks(database: string): void {
  const prefix = basename(prefixOf(database))
  for (const name of readdirSync(dirname(database))) {
    if (name.startsWith(prefix)) isAbandoned(join(dirname(database), name))
  }
}

/** Makes a file; its number tells it from another one of the same name. */
function make(path: string): number {
  // Closed before it is locked: to close a file lets go of all locks that the process has on it.
  const file = openSync(path, 'wx', 0o600)
  const { ino } = fstatSync(file)
  closeSync(file)
  return ino
}

function numberOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino
}

/** Undefined if somebody else has it. */
function tryLock(path: string): DatabaseSync | undefined {
  const database = new DatabaseSync(path)
  try {
    // Nothing is ever written, so the journal needs no file. (OFF would be ignored: Node opens databases as defensive.)
    database.exec('PRAGMA busy_timeout = 0; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
    return database
  } catch (error) {
    database.close()
    if ((error as { errcode?: unknown }).errcode === BUSY) return undefined
    throw error
  }
}
