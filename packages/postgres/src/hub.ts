import { DEFAULT_WIDTH, Silence, type StoreError } from '@potoroo/queue'
import type { Clock } from 'potoroo'
import { Database } from './database.ts'
import { Ear } from './ear.ts'
import { Refused, storeError } from './errors.ts'
import { migrate } from './migrate.ts'
import type { PoolLike } from './pool.ts'
import { PostgresQueue, type Program } from './postgres-queue.ts'

export interface HubOptions {
  readonly schema: string
  readonly databaseClock: boolean
  readonly clock: Clock
  readonly onTrouble: (error: StoreError | null) => void
}

interface Entry {
  readonly queue: PostgresQueue
  readonly silence: Silence
  users: number
}

/** What a store has while any of its queues is open. */
export class Hub {
  readonly #program: Program
  readonly #ear: Ear
  readonly #entries = new Map<string, Promise<Entry>>()
  /** By number, as notes name them. */
  readonly #queues = new Map<number, PostgresQueue>()

  private constructor(program: Program) {
    this.#program = program
    this.#ear = new Ear({
      database: program.database,
      channel: program.channel,
      clock: program.clock,
      id: program.id,
      onNote: (queue) => this.#queues.get(queue)?.look(),
      onArrival: (queue) => this.#queues.get(queue)?.absorb(),
      onLook: () => {
        for (const queue of this.#queues.values()) queue.look()
      },
    })
  }

  /** @throws StoreError, as Store.open says */
  static async open(pool: PoolLike, isOurs: boolean, where: string, { schema, databaseClock, clock, onTrouble }: HubOptions): Promise<Hub> {
    const database = new Database(pool, isOurs, where, clock)
    const quoted = `"${schema.replaceAll('"', '""')}"`
    try {
      await migrate(database, quoted, schema)
    } catch (error) {
      await database.close()
      const meaning = storeError(error, where)
      throw meaning instanceof Refused ? meaning.meaning : meaning
    }
    return new Hub({
      database,
      schema: quoted,
      id: crypto.getRandomValues(new BigUint64Array(1))[0]!.toString(36),
      channel: `potoroo ${schema}`.slice(0, 63),
      databaseClock,
      clock,
      onTrouble,
    })
  }

  /** The names of all queues there are. */
  async names(): Promise<string[]> {
    const { database, schema } = this.#program
    try {
      return (await database.query(`SELECT name FROM ${schema}.queues ORDER BY id`)).map((row) => row[0] as string)
    } catch (error) {
      const meaning = storeError(error, database.where)
      throw meaning instanceof Refused ? meaning.meaning : meaning
    }
  }

  /** The queue of this name, the same as long as anybody uses it. */
  async use(name: string): Promise<Entry> {
    let opening = this.#entries.get(name)
    if (opening === undefined) {
      opening = this.#enroll(name)
      this.#entries.set(name, opening)
      opening.catch(() => this.#entries.delete(name))
    }
    const entry = await opening
    entry.users++
    return entry
  }

  async #enroll(name: string): Promise<Entry> {
    const { database, schema, id } = this.#program
    try {
      const [row] = await database.query(
        `SELECT id, width, rate_limit, rate_per, paused, held_until, version, commits, ended, move FROM ${schema}.enroll($1, $2, $3)`,
        [name, id, DEFAULT_WIDTH],
      )
      const queue = new PostgresQueue(this.#program, name, row!)
      this.#queues.set(queue.id, queue)
      return { queue, silence: new Silence(), users: 0 }
    } catch (error) {
      const meaning = storeError(error, database.where)
      throw meaning instanceof Refused ? meaning.meaning : meaning
    }
  }

  /** One user fewer; whether that was the last of all. */
  async leave({ queue }: Entry): Promise<boolean> {
    const entry = await this.#entries.get(queue.name)
    if (entry === undefined || --entry.users > 0) return false
    this.#entries.delete(queue.name)
    this.#queues.delete(queue.id)
    queue.close()
    const { database, schema, id } = this.#program
    if (!queue.line.isInTrouble) await database.query(`SELECT ${schema}.leave($1, $2)`, [queue.id, id]).catch(() => undefined)
    // Nobody waits for what may still be in it: looks at what others have done.
    queue.line.abort()
    return this.#entries.size === 0
  }

  get isUnused(): boolean {
    return this.#entries.size === 0
  }

  async close(): Promise<void> {
    this.#ear.close()
    await this.#program.database.close()
  }
}

export type { Entry }
