import type { Declared, Engine, EngineQueue } from '@potoroo/queue'
import { Database, type Durability } from './database.ts'
import { storeError } from './errors.ts'
import { SqliteQueue } from './sqlite-queue.ts'

/** The queues of one database file, and the transactions they share. */
export class SqliteEngine implements Engine {
  readonly #path: string
  readonly #database: Database
  readonly #queues = new Map<string, SqliteQueue>()
  /** Those that were opened in the transaction at hand. */
  readonly #fresh = new Set<string>()

  /** @throws StoreError as {@link Store.open} says */
  constructor(path: string, durability: Durability) {
    this.#path = path
    try {
      this.#database = new Database(path, durability)
    } catch (error) {
      throw storeError(error, path)
    }
  }

  transaction(work: () => void): void {
    const { begin, commit, rollback } = this.#database
    try {
      begin.run()
    } catch (error) {
      throw storeError(error, this.#path)
    }
    try {
      if (this.#database.changedElsewhere()) for (const queue of this.#queues.values()) queue.refresh()
      work()
      this.#database.jobs.flush()
      for (const queue of this.#queues.values()) queue.save()
      commit.run()
    } catch (error) {
      try {
        rollback.run()
      } catch {
        // SQLite has rolled back by itself, as it does when the disk is full.
      }
      this.#database.jobs.forget()
      this.#database.forgetVersion()
      for (const name of this.#fresh) this.#queues.delete(name)
      this.#fresh.clear()
      for (const queue of this.#queues.values()) {
        try {
          queue.rolledBack()
        } catch {
          // A disk that fails can't be read either: all is read anew when the next transaction begins.
        }
      }
      throw storeError(error, this.#path)
    }
    this.#fresh.clear()
    for (const queue of this.#queues.values()) queue.committed()
  }

  openQueue(name: string, declared: Declared): EngineQueue {
    let queue = this.#queues.get(name)
    if (queue === undefined) {
      this.#database.queues.make(name)
      queue = new SqliteQueue(this.#database, name)
      this.#queues.set(name, queue)
      this.#fresh.add(name)
    }
    queue.declare(declared)
    return queue
  }

  closeQueue(queue: EngineQueue): void {
    for (const [name, open] of this.#queues) if (open === queue) this.#queues.delete(name)
  }

  queues(): string[] {
    return this.#database.queues.names()
  }

  /** Whether another process has committed something that is not known here yet. */
  mayHaveChanged(): boolean {
    return this.#database.mayHaveChanged()
  }

  close(): void {
    this.#database.close()
  }
}
