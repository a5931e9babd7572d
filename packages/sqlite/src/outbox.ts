import type { JobRecord, MovingJob } from '@potoroo/queue'
import type { DatabaseSync, StatementSync } from 'node:sqlite'

/**
 * Jobs that are checked out, to go to another store. One that has a key and is pending is kept when it has arrived, so that
 * the key stays taken until its queue has left.
 */
export class Outbox {
  readonly #add: StatementSync
  readonly #all: StatementSync
  readonly #drop: StatementSync
  readonly #keep: StatementSync
  readonly #withKey: StatementSync
  readonly #clear: StatementSync

  constructor(database: DatabaseSync) {
    this.#add = database.prepare('INSERT INTO outbox (queue, id, key, job) VALUES (?, ?, ?, ?)')
    this.#all = database.prepare('SELECT job FROM outbox WHERE queue = ? AND arrived = 0 ORDER BY n')
    this.#drop = database.prepare('DELETE FROM outbox WHERE queue = ? AND id = ? AND arrived = 0 AND key IS NULL')
    this.#keep = database.prepare('UPDATE outbox SET arrived = 1 WHERE queue = ? AND id = ? AND arrived = 0')
    this.#withKey = database.prepare('SELECT job FROM outbox WHERE queue = ? AND key = ?')
    this.#clear = database.prepare('DELETE FROM outbox WHERE queue = ?')
  }

  add(queue: number, moving: MovingJob): void {
    const { id, key, state } = moving.job
    this.#add.run(queue, id, state === 'pending' ? key : null, JSON.stringify(moving))
  }

  /** In the order in which they were checked out. */
  all(queue: number): MovingJob[] {
    return (this.#all.all(queue) as { job: string }[]).map(({ job }) => JSON.parse(job) as MovingJob)
  }

  /** It has arrived in the other store. Whether that was not known before. */
  delivered(queue: number, id: string): boolean {
    return this.#drop.run(queue, id).changes > 0 || this.#keep.run(queue, id).changes > 0
  }

  /** The job that has a key here, though it may have gone by now. */
  withKey(queue: number, key: string): JobRecord | undefined {
    const row = this.#withKey.get(queue, key) as { job: string } | undefined
    return row && (JSON.parse(row.job) as MovingJob).job
  }

  clear(queue: number): void {
    this.#clear.run(queue)
  }
}
