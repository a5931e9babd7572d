import { closeSync, existsSync, openSync } from 'node:fs'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { StoreError } from '@potoroo/queue'
import { Histories } from './histories.ts'
import { IN_LINE, JobTable } from './job-table.ts'
import { Outbox } from './outbox.ts'
import { QueueRows } from './queue-row.ts'
import { APPLICATION_ID, MIGRATIONS } from './schema.ts'
import { Starts } from './starts.ts'
import { isAbandoned, sweepLocks, WorkerLock } from './worker-lock.ts'

/** `power`: a commit survives power loss. `process`: it survives `kill -9`, and perhaps not a power loss. */
export type Durability = 'power' | 'process'

/** Below this, SQLite could lose committed data when a write-ahead log was reset at the wrong moment. */
const OLDEST_SQLITE = [3, 51, 3]
const IN_MEMORY = ':memory:'
/** Pages in the log before they are copied into the file, 16 MiB: four times SQLite's own, for most are written again by then. */
const CHECKPOINT_AT = 4_000

/** An open database file with its statements. */
export class Database {
  readonly #database: DatabaseSync
  readonly #lock: WorkerLock | undefined = undefined
  readonly #dataVersion: StatementSync
  #lastVersion: number
  readonly queues: QueueRows
  readonly jobs: JobTable
  readonly starts: Starts
  readonly histories: Histories
  readonly outbox: Outbox
  readonly begin: StatementSync
  readonly commit: StatementSync
  readonly rollback: StatementSync
  readonly joinLine: StatementSync
  readonly moveRetries: StatementSync
  readonly renewWorker: StatementSync
  readonly addWorker: StatementSync
  readonly removeWorker: StatementSync
  readonly findWorker: StatementSync
  readonly workersOf: StatementSync
  readonly #ahead: StatementSync
  readonly #duration: StatementSync

  constructor(path: string, durability: Durability) {
    // Made by us with no rights for others; SQLite gives its log the same.
    if (path !== IN_MEMORY && !existsSync(path)) closeSync(openSync(path, 'a', 0o600))
    const database = new DatabaseSync(path)
    this.#database = database
    try {
      checkVersion(database)
      database.exec('PRAGMA busy_timeout = 0')
      // Before anything is changed: in another program's file nothing may be.
      checkShape(database, path)
      database.exec(`
        PRAGMA journal_mode = WAL;
        PRAGMA synchronous = ${durability === 'power' ? 'FULL' : 'NORMAL'};
        PRAGMA foreign_keys = OFF;
        PRAGMA temp_store = MEMORY;
        PRAGMA cache_size = -65536;
        PRAGMA wal_autocheckpoint = ${CHECKPOINT_AT};
      `)
      migrate(database, path)
      this.queues = new QueueRows(database)
      this.jobs = new JobTable(database)
      this.starts = new Starts(database)
      this.histories = new Histories(database)
      this.outbox = new Outbox(database)
      this.begin = database.prepare('BEGIN IMMEDIATE')
      this.commit = database.prepare('COMMIT')
      this.rollback = database.prepare('ROLLBACK')
      this.joinLine = database.prepare('UPDATE jobs SET due = NULL, place = ? WHERE seq = ?')
      // As `moved` says.
      this.moveRetries = database.prepare(
        'UPDATE jobs SET due = due - ?1, run_at = run_at - ?1 WHERE queue = ?2 AND due > ?3 AND due <= ?4 AND attempt > 0',
      )
      this.renewWorker = database.prepare('UPDATE workers SET beat = beat + 1 WHERE id = ?')
      // Its beats begin anywhere: to others, one that has come back must not look like one that has been silent.
      this.addWorker = database.prepare('INSERT INTO workers (id, queue, lock, lease, beat) VALUES (?, ?, ?, ?, random() >> 16)')
      this.removeWorker = database.prepare('DELETE FROM workers WHERE id = ?')
      this.findWorker = database.prepare('SELECT 1 FROM workers WHERE id = ?')
      this.workersOf = database.prepare('SELECT id, lock, lease, beat FROM workers WHERE queue = ?')
      this.#ahead = database.prepare(`SELECT count(*) AS n FROM jobs WHERE ${IN_LINE} AND (priority, place) < (?, ?)`)
      this.#duration = database.prepare(
        `SELECT avg(stop_time - start_time) AS ms FROM (SELECT stop_time, start_time FROM jobs
         WHERE queue = ? AND state = 2 AND ended IS NOT NULL ORDER BY ended DESC LIMIT ?)`,
      )
      this.#dataVersion = database.prepare('PRAGMA data_version')
      this.#lastVersion = this.#readVersion()
      if (path !== IN_MEMORY) {
        sweepLocks(path)
        this.#lock = new WorkerLock(path)
      }
    } catch (error) {
      database.close()
      throw error
    }
  }

  /** The file whose lock shows that this process lives. */
  get lockPath(): string | null {
    return this.#lock?.path ?? null
  }

  /** Whether the process that held a lock is gone. */
  isDead(lock: string | null): boolean {
    return lock !== null && lock !== this.lockPath && isAbandoned(lock)
  }

  /** Whether another connection has committed since this was last asked. */
  changedElsewhere(): boolean {
    const version = this.#readVersion()
    if (version === this.#lastVersion) return false
    this.#lastVersion = version
    return true
  }

  /** What {@link changedElsewhere} said was rolled back with all that was made of it: it is to be said again. */
  forgetVersion(): void {
    this.#lastVersion = -1
  }

  /** As {@link changedElsewhere}, without taking note. */
  mayHaveChanged(): boolean {
    return this.#readVersion() !== this.#lastVersion
  }

  #readVersion(): number {
    return (this.#dataVersion.get() as { data_version: number }).data_version
  }

  countAhead(queue: number, priority: number, place: number): number {
    this.jobs.flush()
    return (this.#ahead.get(queue, priority, place) as { n: number }).n
  }

  meanDuration(queue: number, sample: number): number | null {
    return (this.#duration.get(queue, sample) as { ms: number | null }).ms
  }

  close(): void {
    this.#lock?.release()
    this.#database.close()
  }
}

function checkVersion(database: DatabaseSync): void {
  const { version } = database.prepare('SELECT sqlite_version() AS version').get() as { version: string }
  const parts = version.split('.').map(Number)
  const first = OLDEST_SQLITE.findIndex((wanted, i) => parts[i] !== wanted)
  if (first >= 0 && (parts[first] ?? 0) < OLDEST_SQLITE[first]!) {
    throw new StoreError(
      'ERR_SQLITE_VERSION',
      `This Node comes with SQLite ${version}, which can lose committed data; use a Node with SQLite ${OLDEST_SQLITE.join('.')} or newer`,
    )
  }
}

/** @throws StoreError if the file is another program's, or a newer version's */
function checkShape(database: DatabaseSync, path: string): void {
  const ours = read(database, 'application_id') === APPLICATION_ID
  const { n } = database.prepare('SELECT count(*) AS n FROM sqlite_schema').get() as { n: number }
  if (n > 0 && !ours) {
    throw new StoreError('ERR_STORE_FOREIGN', `${path} is another program's database; name a file of its own for the queue`)
  }
  if (ours && read(database, 'user_version') > MIGRATIONS.length) {
    throw new StoreError('ERR_STORE_NEWER', `${path} was made by a newer version of Potoroo; use that version, or a newer one`)
  }
}

/** Brings the file to the newest shape, once, whichever process comes first. */
function migrate(database: DatabaseSync, path: string): void {
  if (read(database, 'application_id') === APPLICATION_ID && read(database, 'user_version') === MIGRATIONS.length) return
  database.exec('BEGIN IMMEDIATE')
  try {
    // Another process may have been here since it was looked at.
    checkShape(database, path)
    for (const step of MIGRATIONS.slice(read(database, 'user_version'))) database.exec(step)
    database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${MIGRATIONS.length}`)
    database.exec('COMMIT')
  } catch (error) {
    database.exec('ROLLBACK')
    throw error
  }
}

function read(database: DatabaseSync, pragma: string): number {
  return Object.values(database.prepare(`PRAGMA ${pragma}`).get() as Record<string, number>)[0]!
}
