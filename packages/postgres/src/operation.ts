import { Deferred, PotorooError } from 'potoroo'
import { PutOff } from './errors.ts'
import { refusalError } from './refusals.ts'
import { type JobRecord, newRecord, type NewJob, type Put } from '@potoroo/queue'
import { arrayText, keyText, type Row, toRecord } from './rows.ts'

/** What the database answered to one operation. */
export interface Answer {
  /** JSON, or null. */
  readonly info: unknown
  /** Jobs, each with a word in front that says what about it. */
  readonly rows: readonly Row[]
}

/** Jobs as they stand after a commit, for those who listen. */
export type Notes = JobRecord[]

/** Something that was asked of a queue and waits for its turn in a transaction. */
export abstract class Operation {
  /** When it was asked for. */
  since = 0
  /** Whether it may change anything: if nothing in a batch does, the batch locks nothing. */
  readonly writes: boolean
  /** How many jobs it is about, about. */
  weight = 1
  /** One at most goes with a batch: so that the next can be under way while this one's answer is worked on. */
  readonly isExchange: boolean = false
  /** A statement of its own, for what `run` does not do: it is run alone. */
  readonly statement: (() => { readonly text: string; readonly values: unknown[] }) | undefined

  constructor(writes: boolean, statement?: () => { readonly text: string; readonly values: unknown[] }) {
    this.writes = writes
    this.statement = statement
  }

  /** Whether anything is asked of `run`. */
  readonly encodes: boolean = true
  /** For `run`. Called for each try. */
  abstract encode(): object
  /** Takes the answer in; nobody is told yet. */
  abstract read(answer: Answer, notes: Notes): void
  /** Whether its answer was that it is to be asked again, a little later. */
  isPutOff = false
  /** Ids of jobs without which the answer is not whole, when only `info` of it could be found again. */
  wants(_info: unknown): readonly string[] {
    return []
  }
  /** The token of its claims in the last try. */
  get token(): string | undefined {
    return undefined
  }
  /** Tells whoever asked. */
  abstract fire(): void
  abstract fail(error: unknown): void
}

export interface SingleParts<T> {
  readonly writes: boolean
  readonly isExchange?: boolean
  /** Left out: its turn is all it waits for. */
  readonly encode?: () => object
  /** The value; throws a PotorooError if that is what is to be told. */
  readonly read: (answer: Answer, notes: Notes) => T
  readonly wants?: (info: unknown) => readonly string[]
  readonly token?: () => string | undefined
  readonly statement?: () => { readonly text: string; readonly values: unknown[] }
}

/** An operation that one deferred waits for. */
export class Single<T> extends Operation {
  readonly deferred = new Deferred<T>()
  override readonly encodes: boolean
  override readonly isExchange: boolean
  readonly #parts: SingleParts<T>
  #value: T | undefined
  #error: PotorooError | undefined

  constructor(parts: SingleParts<T>) {
    super(parts.writes, parts.statement)
    this.#parts = parts
    this.encodes = parts.encode !== undefined
    this.isExchange = parts.isExchange ?? false
  }

  override encode(): object {
    return this.#parts.encode!()
  }
  override read(answer: Answer, notes: Notes): void {
    this.isPutOff = false
    try {
      this.#value = this.#parts.read(answer, notes)
    } catch (error) {
      if (error instanceof PutOff) this.isPutOff = true
      else if (error instanceof PotorooError) this.#error = error
      else throw error
    }
  }
  override wants(info: unknown): readonly string[] {
    return this.#parts.wants?.(info) ?? []
  }
  override get token(): string | undefined {
    return this.#parts.token?.()
  }
  override fire(): void {
    // Cancelled while it waited: it has been done all the same, and nobody wants to hear of it.
    if (this.deferred.called) return
    if (this.#error !== undefined) this.deferred.errback(this.#error)
    else this.deferred.callback(this.#value as T)
  }
  override fail(error: unknown): void {
    if (!this.deferred.called) this.deferred.errback(error)
  }
}

/** Puts that were asked for one after the other, as one statement. */
export class PutOperation extends Operation {
  readonly #queue: string
  readonly #size: number
  readonly #now: number
  readonly #jobs: NewJob[] = []
  readonly #members: { readonly from: number; readonly to: number; readonly deferred: Deferred<Put[]> }[] = []
  #puts: Put[] = []
  #refusal: string | undefined

  constructor(queue: string, size: number, now: number) {
    super(true)
    this.#queue = queue
    this.#size = size
    this.#now = now
    this.weight = 0
  }

  /** Whether a put may join those that are here: none can then be refused for another's sake. */
  takes(size: number, now: number): boolean {
    return size === Infinity && this.#size === Infinity && now === this.#now
  }

  add(jobs: readonly NewJob[]): Deferred<Put[]> {
    const deferred = new Deferred<Put[]>()
    for (const job of jobs) this.#jobs.push(job)
    this.#members.push({ from: this.weight, to: this.#jobs.length, deferred })
    this.weight = this.#jobs.length
    return deferred
  }

  override encode(): object {
    const jobs = this.#jobs
    return {
      op: 'put',
      now: this.#now,
      ...(this.#size === Infinity ? {} : { size: this.#size }),
      count: jobs.length,
      ids: arrayText(jobs.map(({ id }) => id)),
      priorities: arrayText(jobs.map(({ priority }) => priority)),
      runAts: arrayText(jobs.map(({ runAt }) => runAt)),
      attempts: arrayText(jobs.map(({ maxAttempts }) => maxAttempts)),
      timeouts: arrayText(jobs.map(({ timeout }) => timeout)),
      args: arrayText(jobs.map(({ arg }) => arg)),
      ...(jobs.some(({ key }) => key !== null) ? { keys: arrayText(jobs.map(({ key }) => keyText(key))) } : {}),
    }
  }

  override read({ info, rows }: Answer, notes: Notes): void {
    this.#refusal = info !== null && !Array.isArray(info) ? (info as { refusal: string }).refusal : undefined
    if (this.#refusal !== undefined) return
    const old = new Map(rows.map((row) => [row[4] as string, toRecord(this.#queue, row)]))
    const taken = new Map((info as [ord: number, id: string][] | null)?.map(([ord, id]) => [ord, id]))
    this.#puts = this.#jobs.map((job, i): Put => {
      const id = taken.get(i)
      const isNew = id === undefined
      const record = (isNew ? undefined : old.get(id)) ?? newRecord(this.#queue, isNew ? job : { ...job, id }, this.#now)
      if (isNew) notes.push(record)
      return { job: record, isNew }
    })
  }

  override wants(info: unknown): readonly string[] {
    return Array.isArray(info) ? (info as [number, string][]).map(([, id]) => id) : []
  }

  override fire(): void {
    for (const { from, to, deferred } of this.#members) {
      if (deferred.called) continue
      if (this.#refusal !== undefined) deferred.errback(refusalError(this.#refusal, this.#queue, this.#size))
      else deferred.callback(this.#puts.slice(from, to))
    }
  }

  override fail(error: unknown): void {
    for (const { deferred } of this.#members) if (!deferred.called) deferred.errback(error)
  }
}
