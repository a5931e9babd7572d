import {
  type Declared,
  type JobRecord,
  type News,
  type QueueSettings,
  type QueueStatus,
  type Rate,
  type StoreError,
} from '@potoroo/queue'
import type { Clock, Deferred } from 'potoroo'
import type { Database } from './database.ts'
import type { LastExchange } from './encode-exchange.ts'
import { Line, type LineOwner } from './line.ts'
import { type Answer, type Operation, Single, type SingleParts } from './operation.ts'
import { arrayText, type Described, endedOf, infoOf, JOB_COLUMNS, nOf, type Row, settingsOf, STATE, toRecord } from './rows.ts'
import { Skew } from './skew.ts'

/** One who has opened a queue: see {@link Store.open}. */
export interface Listener {
  readonly hear: (news: News) => void
  readonly waits: () => boolean
}

/** What a queue has of the program that holds it. */
export interface Program {
  readonly database: Database
  /** The schema, quoted. */
  readonly schema: string
  /** Of this store in this process: unique, never used again. */
  readonly id: string
  readonly channel: string
  readonly clock: Clock
  /** Whether times go by the database's clock. */
  readonly databaseClock: boolean
  /** Told of a server that cannot be reached, and with null when it can be again. */
  readonly onTrouble: (error: StoreError | null) => void
}

/** Milliseconds between notes to other processes. */
const NOTE_EVERY = 5
/** Of jobs that others have ended, `run` tells so many in each state at a time. */
const TOLD_AT_ONCE = 4_000
const OVER = ['finished', 'failed', 'cancelled'] as const

/** One queue as this process has it open: its line of operations, what is known of it, and who listens. */
export class PostgresQueue implements LineOwner {
  readonly name: string
  readonly id: number
  readonly line: Line
  readonly #skew = new Skew()
  /** When what is under way was sent. */
  #sentAt = 0
  readonly #program: Program
  readonly listeners = new Set<Listener>()
  lastExchange: LastExchange = { now: -Infinity, heldUntil: 0 }
  #settings: QueueSettings
  #commits: number
  #version: number
  /** Up to where the jobs that are over have been seen, by state. */
  readonly #seen: number[]
  #notedAt = -Infinity
  /** Whether the transaction at hand tells of itself. */
  #noted = false
  #noting: unknown
  #lookAgain = false

  /** @param row of `queues`, as `enroll` gives it */
  constructor(program: Program, name: string, row: Row) {
    this.name = name
    this.#program = program
    const [id, width, limit, per, paused, heldUntil, version, commits, ended, move] = row
    this.id = id as number
    this.#settings = settingsOf({ width, limit, per, paused: paused === 't', heldUntil, move: move === null ? null : JSON.parse(move as string) } as Described)
    this.#version = version as number
    this.#commits = commits as number
    this.#seen = OVER.map(() => ended as number)
    this.line = new Line(this, program.database, program.clock, program.onTrouble)
  }

  get settings(): QueueSettings {
    return this.#settings
  }

  /** By how much this process's clock is ahead of the server's; undefined where nobody is to go by that. */
  get skew(): number | undefined {
    return this.#program.databaseClock ? this.#skew.ms : undefined
  }

  /** Where its processes hear of each other. */
  get channel(): string {
    return this.#program.channel
  }

  /** The schema it is in, quoted. */
  get schema(): string {
    return this.#program.schema
  }

  ask<T>(parts: SingleParts<T>): Deferred<T> {
    const operation = new Single(parts)
    this.line.add(operation)
    return operation.deferred
  }

  declare({ width, rate }: Declared): Deferred<void> {
    return this.ask({
      writes: true,
      encode: () => ({
        op: 'declare',
        ...declaredTexts({ width, rate }),
      }),
      read: () => undefined,
    })
  }

  /** Looks at what others have done, unless something is about to be asked that will show it anyway. */
  look(): void {
    this.#lookAgain = !this.line.isIdle
    if (!this.#lookAgain) this.ask({ writes: false, read: () => undefined }).addErrback(() => undefined)
  }

  /** Somebody's transaction was committed that has put jobs: they join the queue with the next one here. */
  absorb(): void {
    this.ask({ writes: true, read: () => undefined }).addErrback(() => undefined)
  }

  close(): void {
    this.#program.clock.clearTimeout(this.#noting)
    this.#noting = undefined
  }

  run(batch: readonly Operation[], number: number | null): Promise<Row[]> {
    const { database, schema, id, channel, databaseClock } = this.#program
    const [first] = batch
    if (first!.statement !== undefined) {
      const { text, values } = first!.statement()
      return database.query(text, values)
    }
    const asked = batch.filter(({ encodes }) => encodes).map((operation) => operation.encode())
    this.#noted = number !== null && this.#mayNote()
    this.#sentAt = Date.now()
    return database.query(`SELECT * FROM ${schema}.run($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`, [
      this.id,
      id,
      number,
      JSON.stringify(asked),
      this.#commits,
      arrayText(this.#seen),
      this.#somebodyWaits(),
      this.#version,
      databaseClock,
      channel,
      this.#noted ? `${this.id} ${id}` : null,
    ])
  }

  answered(batch: readonly Operation[], rows: readonly Row[]): () => void {
    const [first] = batch
    if (first!.statement !== undefined) {
      return () => {
        first!.read({ info: null, rows }, [])
        first!.fire()
      }
    }
    const [commits, ended, version, settings, dirty, arrived, missed, time] = JSON.parse(infoOf(rows.at(-1)!)!) as [
      number,
      number,
      number,
      Described | null,
      boolean,
      boolean,
      boolean,
      number,
    ]
    this.#skew.note(this.#sentAt, time, Date.now())
    const foreign = commits - Number(dirty) !== this.#commits
    this.#commits = commits
    this.#version = version
    const theirs = rows.filter((row) => nOf(row) === -2)
    OVER.forEach((state, i) => {
      // Of very many, those that are still to be told come with the next look.
      const these = theirs.filter((row) => row[5] === STATE[state])
      const more = these.length >= TOLD_AT_ONCE
      this.#seen[i] = more ? endedOf(these.at(-1)!) : ended
      if (!more) return
      this.#commits = -1
      this.#lookAgain = true
    })
    if (settings !== null) this.#settings = settingsOf(settings)
    if (dirty) this.#note()
    if (arrived) this.absorb()
    return () => {
      // What others did comes first: it was first.
      const notes = rows.filter((row) => nOf(row) === -2 || nOf(row) === -5).map((row) => toRecord(this.name, row))
      const answers = answersOf(rows)
      let n = 0
      for (const operation of batch) operation.read(operation.encodes ? answers(n++) : NOTHING, notes)
      this.#tell(notes, settings !== null, foreign, missed)
      this.#fire(batch)
      if (this.#lookAgain) setImmediate(() => this.look())
    }
  }

  async recall(batch: readonly Operation[], number: number): Promise<boolean> {
    const { database, schema, id } = this.#program
    const tokens = batch.flatMap(({ token }) => (token === undefined ? [] : [token]))
    const rows = await database.query(`SELECT * FROM ${schema}.recall($1, $2, $3, $4)`, [this.id, id, number, arrayText(tokens)])
    const said = infoOf(rows.at(-1)!)
    if (said === null) return false
    const infos = JSON.parse(said) as unknown[]
    const asking = batch.filter(({ encodes }) => encodes)
    const ids = asking.flatMap((operation, n) => operation.wants(infos[n]))
    const jobs = ids.length === 0 ? [] : await this.#jobs(ids)
    const notes: JobRecord[] = []
    asking.forEach((operation, n) => {
      const claimed = rows.filter((row) => row[9] !== null && row[9] === operation.token).map((row) => [0, 'claimed', ...row.slice(2)])
      const wanted = new Set(operation.wants(infos[n]))
      operation.read({ info: infos[n], rows: [...claimed, ...jobs.filter((row) => wanted.has(row[4] as string))] }, notes)
    })
    for (const operation of batch) if (!operation.encodes) operation.read(NOTHING, notes)
    // Settings and counts may be others than are known here: the next answer says so.
    this.#tell(notes, false, true, false)
    this.#fire(batch)
    setImmediate(() => this.look())
    return true
  }

  #fire(batch: readonly Operation[]): void {
    for (const operation of batch) {
      if (operation.isPutOff) this.line.putOff(operation)
      else operation.fire()
    }
  }

  #jobs(ids: readonly string[]): Promise<Row[]> {
    const { database, schema } = this.#program
    const of = (table: string): string => `SELECT 0, 'job', ${JOB_COLUMNS} FROM ${schema}.${table} WHERE queue = $1 AND id = ANY ($2)`
    return database.query(`${of('jobs')} UNION ALL ${of('done')}`, [this.id, arrayText(ids)])
  }

  #tell(jobs: JobRecord[], settings: boolean, foreign: boolean, missed: boolean): void {
    if (jobs.length === 0 && !settings && !foreign) return
    const news: News = { jobs, settings: settings ? this.#settings : null, foreign, missed }
    for (const { hear } of [...this.listeners]) hear(news)
  }

  /** Whether anybody here waits for jobs that others may end. */
  #somebodyWaits(): boolean {
    for (const { waits } of this.listeners) if (waits()) return true
    return false
  }

  /** Whether the next transaction may tell others of itself; too many notes would hold all of them up. */
  #mayNote(): boolean {
    const now = this.#program.clock.now()
    if (now - this.#notedAt < NOTE_EVERY) return false
    this.#notedAt = now
    return true
  }

  /** Something was committed: if the transaction did not tell of itself, it is told a little later. */
  #note(): void {
    if (!this.#noted) this.#noting ??= this.#program.clock.setTimeout(() => this.#noteNow(), NOTE_EVERY)
  }

  #noteNow(): void {
    this.#noting = undefined
    this.#notedAt = this.#program.clock.now()
    const { database, id, channel } = this.#program
    // Whoever does not hear of it looks by himself, a little later.
    database.query('SELECT pg_notify($1, $2)', [channel, `${this.id} ${id}`]).catch(() => undefined)
  }
}

const NOTHING: Answer = { info: null, rows: [] }

/** The part of an answer that is about the operation of an index. */
function answersOf(rows: readonly Row[]): (n: number) => Answer {
  const answers = new Map<number, { info: unknown; rows: Row[] }>()
  for (const row of rows) {
    const n = nOf(row)
    if (n < 0) continue
    let answer = answers.get(n)
    if (answer === undefined) answers.set(n, (answer = { info: null, rows: [] }))
    // A row with no job is the operation's own word.
    if (row[2] === null) answer.info = JSON.parse(infoOf(row)!)
    else answer.rows.push(row)
  }
  return (n) => answers.get(n) ?? NOTHING
}

/** What is declared, as the texts that are compared. */
export function declaredTexts({ width, rate }: { readonly width?: number | undefined; readonly rate?: Rate | null | undefined }) {
  return {
    ...(width === undefined ? {} : { declaredWidth: String(width) }),
    ...(rate === undefined ? {} : { declaredRate: JSON.stringify(rate && [rate.limit, rate.per]) }),
  }
}

/** A status as `described` gives it. */
export function statusOf(described: Described & Pick<QueueStatus, 'counts' | 'places' | 'nextDue'>): QueueStatus {
  const { counts, places, nextDue } = described
  return { ...settingsOf(described), counts, places, nextDue }
}
