import {
  type Arrival,
  type AttemptRecord,
  type Change,
  type Declared,
  type Departed,
  type Departure,
  type Exchange,
  type Exchanged,
  type Facts,
  type JobList,
  JobNotFound,
  type JobRecord,
  KEPT_ATTEMPTS,
  type ListOptions,
  type LogLine,
  type NewJob,
  newRecord,
  POISONED,
  type Put,
  type QueueSettings,
  type QueueStatus,
  type QueueStore,
  type Retention,
  type SettingsPatch,
  Silence,
  type StoredHistory,
  StoreError,
  type Worker,
} from '@potoroo/queue'
import { Deferred, fail, maybeDeferred, PotorooError, succeed, usageError } from 'potoroo'
import { types } from './database.ts'
import { attemptOf, encodeExchange, readExchange } from './encode-exchange.ts'
import { listStatement, readList } from './listing.ts'
import { PutOff, Refused, storeError } from './errors.ts'
import { type Answer, type Notes, PutOperation } from './operation.ts'
import type { ClientLike } from './pool.ts'
import { declaredTexts, type Listener, type PostgresQueue, statusOf } from './postgres-queue.ts'
import { commandError, refusalError } from './refusals.ts'
import { encodeMoving, errorText, infoOf, isStorable, keyText, nOf, type Row, toMoving, toRecord } from './rows.ts'

type Query = (text: string, values: unknown[]) => Promise<Row[]>

/** One opening of a queue: what is asked of it takes its turn in the queue's line. */
export class OpenQueue implements QueueStore {
  readonly #queue: PostgresQueue
  readonly #listener: Listener
  readonly #leave: () => Deferred<void>
  readonly #silence: Silence
  /** Attempts whose handlers have completed them in transactions of their own. */
  readonly #completing = new Set<string>()
  /** Who looks for silent workers at this moment. */
  readonly #looking = new Set<string>()
  #closed: Deferred<void> | undefined

  /** @param leave called when the last thing that was asked for is done */
  constructor(queue: PostgresQueue, silence: Silence, listener: Listener, leave: () => Deferred<void>) {
    this.#queue = queue
    this.#silence = silence
    this.#listener = listener
    this.#leave = leave
    queue.listeners.add(this.#listener)
  }

  get isRemote(): true {
    return true
  }

  get skew(): number | undefined {
    return this.#queue.skew
  }

  get settings(): QueueSettings {
    return this.#queue.settings
  }

  put(jobs: readonly NewJob[], { size, now }: { readonly size: number; readonly now: number }): Deferred<Put[]> {
    if (this.#closed) return closedFailure()
    const { line, name } = this.#queue
    const { last } = line
    if (last instanceof PutOperation && last.takes(size, now)) return last.add(jobs)
    const operation = new PutOperation(name, size, now)
    const put = operation.add(jobs)
    line.add(operation)
    return put
  }

  putWithin(transaction: object, jobs: readonly NewJob[], { size, now }: { readonly size: number; readonly now: number }): Deferred<Put[]> {
    return this.#within(transaction, async (query) => {
      const { name, id, schema, channel } = this.#queue
      const values = [id, now, size === Infinity ? null : size, JSON.stringify(jobs.map((job) => ({ ...job, key: keyText(job.key) }))), channel]
      const rows = await query(`SELECT * FROM ${schema}.arrive($1, $2, $3, $4, $5)`, values)
      if (rows[0] !== undefined && nOf(rows[0]) === -1) throw refusalError(infoOf(rows[0])!, name, size)
      const old = new Map(rows.map((row) => [nOf(row), toRecord(name, row)]))
      return jobs.map((job, i) => ({ job: old.get(i) ?? newRecord(name, job, now), isNew: !old.has(i) }))
    })
  }

  completeWithin(transaction: object, job: JobRecord, token: string): Deferred<boolean> {
    return this.#within(transaction, async (query) => {
      const { id, schema } = this.#queue
      const { startTime, stopTime, progress, result } = job
      const values = [id, job.id, token, startTime, stopTime, progress, result]
      this.#completing.add(attemptOf({ token, job }))
      const [row] = await query(`SELECT ${schema}.complete($1, $2, $3, $4, $5, $6, $7)`, values)
      return row![0] === 't'
    })
  }

  /** Runs a statement on a connection of the caller's: its transaction is the caller's to end. */
  #within<T>(transaction: object, work: (query: Query) => Promise<T>): Deferred<T> {
    if (this.#closed) return closedFailure()
    const client = transaction as ClientLike
    if (typeof client?.query !== 'function' || 'totalCount' in client) {
      return fail(usageError(TypeError, 'ERR_INVALID_TRANSACTION', 'transaction is a client of pg on which BEGIN was called, not a pool'))
    }
    const query: Query = async (text, values) => (await client.query({ text, values, rowMode: 'array', types })).rows as Row[]
    return Deferred.from(
      work(query).catch((error: unknown) => {
        const meaning = error instanceof PotorooError ? error : storeError(error, 'The transaction')
        throw meaning instanceof Refused ? meaning.meaning : meaning
      }),
    )
  }

  exchange(make: () => Exchange): Deferred<Exchanged> {
    let sent: Exchange
    return this.#ask({
      writes: true,
      isExchange: true,
      encode: () => encodeExchange((sent = make()), this.#queue.lastExchange, this.#completing),
      token: () => sent?.token,
      read: (answer, notes) => {
        this.#queue.lastExchange = { now: sent.now, heldUntil: this.#queue.settings.heldUntil }
        const exchanged = readExchange(this.#queue.name, sent, answer, notes)
        const putOff = new Set(exchanged.putOff)
        sent.outcomes.forEach((outcome, ord) => {
          if (outcome.job.state !== 'underway' && !putOff.has(ord)) this.#completing.delete(attemptOf(outcome))
        })
        return exchanged
      },
    })
  }

  renew(worker: Worker, _now: number): Deferred<boolean> {
    return this.#ask({
      writes: true,
      encode: () => ({ op: 'renew', worker: worker.id, lease: worker.lease }),
      read: ({ info }) => info as boolean,
    })
  }

  retire(worker: Worker, now: number): Deferred<void> {
    return this.#end({ worker: worker.id, lost: false, now }).addCallback(() => undefined)
  }

  recover(now: () => number, elapsed: number, looker: string): Deferred<number> {
    // Looks that gather while the server is away would see the same silence, and add it up.
    if (this.#looking.has(looker)) return succeed(0)
    this.#looking.add(looker)
    const look = this.#ask({
      writes: false,
      encode: () => ({ op: 'workers' }),
      read: ({ info }) => info as { readonly workers: [id: string, lease: number, beat: number][]; readonly leftBehind: [token: string, lost: boolean][] },
    })
    look.addBoth((result) => {
      this.#looking.delete(looker)
      return result
    })
    return look.addCallback(({ workers, leftBehind }) => {
      const rows = workers.map(([id, lease, beat]) => ({ id, lease, beat }))
      const ends = [
        ...this.#silence.look(rows, elapsed, looker).map(({ id, beat }) => this.#end({ worker: id, beat, lost: true, now: now() })),
        ...leftBehind.map(([token, lost]) => this.#end({ token, lost, now: now() })),
      ]
      return ends.reduceRight<Deferred<number>>(
        (rest, end) => end.addCallback((taken) => rest.addCallback((more) => taken + more)) as Deferred<number>,
        succeed(0),
      )
    }) as Deferred<number>
  }

  /** Ends a worker, or what one has left behind by the token of that; fires with how many jobs that takes back. */
  #end(who: ({ readonly worker: string; readonly beat?: number } | { readonly token: string }) & { readonly lost: boolean; readonly now: number }): Deferred<number> {
    return this.#ask({
      writes: true,
      encode: () => ({ op: 'end', ...who, ...(who.lost && { error: errorText(POISONED), keptAttempts: KEPT_ATTEMPTS }) }),
      read: ({ info, rows }, notes) => {
        for (const row of rows) notes.push(toRecord(this.#queue.name, row))
        return info as number
      },
    })
  }

  change(id: string, change: Change, now: number): Deferred<JobRecord> {
    if (!isStorable(id)) return this.#closed ? closedFailure() : fail(new JobNotFound(id))
    const { type } = change
    return this.#ask({
      writes: true,
      encode: () => ({
        op: type,
        id,
        now,
        ...(type === 'cancel' && { error: errorText(change.error), keptAttempts: KEPT_ATTEMPTS }),
        ...(type === 'reprioritize' && { priority: change.priority }),
      }),
      wants: (info) => [(info as [unknown, string])[1]],
      read: ({ info, rows: [row] }, notes) => {
        const [refusal] = info as [string | null]
        if (refusal === 'put off') throw new PutOff()
        const job = row && toRecord(this.#queue.name, row)
        if (refusal !== null || job === undefined) throw commandError(refusal ?? 'ERR_JOB_NOT_FOUND', this.#queue.name, id, job)
        notes.push(job)
        return job
      },
    })
  }

  clear(limit: number, now: number): Deferred<number> {
    return this.#ask({
      writes: true,
      encode: () => ({ op: 'clear', limit, now }),
      read: ({ info, rows }, notes) => {
        this.#checkHere(info)
        for (const row of rows) notes.push(toRecord(this.#queue.name, row))
        return info as number
      },
    })
  }

  update(patch: SettingsPatch): Deferred<QueueStatus> {
    // Infinity is null in JSON, and in the database.
    return this.#ask({ writes: true, encode: () => ({ op: 'update', patch }), read: ({ info }) => statusOf(this.#checkHere(info) as never) })
  }

  job(id: string): Deferred<JobRecord | undefined> {
    if (!isStorable(id)) return this.#closed ? closedFailure() : succeed(undefined)
    return this.#ask({ writes: false, encode: () => ({ op: 'job', id }), read: (answer) => this.#one(answer) })
  }

  history(id: string): Deferred<StoredHistory | undefined> {
    if (!isStorable(id)) return this.#closed ? closedFailure() : succeed(undefined)
    return this.#ask({
      writes: false,
      encode: () => ({ op: 'history', id }),
      read: (answer) => {
        const job = this.#one(answer)
        if (job === undefined) return undefined
        const [attempts, log] = answer.info as [string[], string[]]
        return {
          job,
          attempts: attempts.map((entry) => JSON.parse(entry) as AttemptRecord),
          log: log.map((entry) => JSON.parse(entry) as LogLine),
        }
      },
    })
  }

  list(options: ListOptions): Deferred<JobList> {
    return maybeDeferred(() => {
      const { id, name, schema } = this.#queue
      const statement = listStatement(schema, id, options)
      return this.#ask({
        writes: false,
        statement: () => statement,
        read: ({ rows }) => readList(name, rows, options),
      })
    }) as Deferred<JobList>
  }

  status(): Deferred<QueueStatus> {
    return this.#ask({ writes: false, encode: () => ({ op: 'status' }), read: ({ info }) => statusOf(info as never) })
  }

  facts(id: string, now: number): Deferred<Facts | undefined> {
    if (!isStorable(id)) return this.#closed ? closedFailure() : succeed(undefined)
    return this.#ask({
      writes: true,
      encode: () => ({ op: 'facts', id, now }),
      wants: () => [id],
      read: (answer): Facts | undefined => {
        const job = this.#one(answer)
        if (job === undefined || answer.info === null) return undefined
        const { status, ahead, opens, hasWorkers, mean } = answer.info as {
          status: Parameters<typeof statusOf>[0]
          ahead: number
          opens: number
          hasWorkers: boolean
          mean: number | null
        }
        return { job, status: statusOf(status), ahead, hasWorkers, rateOpensAt: opens, meanDuration: mean }
      },
    })
  }

  prune({ finished, failed }: Retention, now: number): Deferred<number> {
    return this.#ask({ writes: true, encode: () => ({ op: 'prune', finished, failed, now }), read: ({ info }) => info as number })
  }

  depart({ move, delivered, limit, now }: Departure): Deferred<Departed> {
    const step = this.#ask({
      writes: true,
      encode: () => ({ op: 'depart', move, delivered, limit, now }),
      read: ({ info, rows }): Departed => {
        const { status, width, rate } = this.#checkHere(info) as { status: never; width: string | null; rate: string | null }
        return { jobs: rows.map((row) => toMoving(this.#queue.name, row)), status: statusOf(status), declared: declaredOf(width, rate) }
      },
    })
    return step.addCallback((departed): Departed | Deferred<Departed> => {
      // The answer was lost, and only that it was done could be found out: what is checked out is asked for again.
      const isWhole = departed.jobs.length > 0 || (departed.status.move?.outbox ?? 0) === 0
      return isWhole ? departed : this.depart({ move, delivered: [], limit, now })
    }) as Deferred<Departed>
  }

  arrive({ move, jobs, landing }: Arrival): Deferred<QueueStatus> {
    return this.#ask({
      writes: true,
      encode: () => ({
        op: 'arrive',
        move,
        jobs: jobs.map(encodeMoving),
        landing: landing && { settings: landing.settings, ...declaredTexts(landing.declared) },
      }),
      read: ({ info, rows }, notes) => {
        const status = this.#checkHere(info)
        for (const row of rows) notes.push(toRecord(this.#queue.name, row))
        return statusOf(status as never)
      },
    })
  }

  close(): Deferred<void> {
    if (this.#closed !== undefined) return succeed()
    const { line } = this.#queue
    // A server that is out of reach is not waited for.
    const done = line.isInTrouble ? succeed() : this.#ask({ writes: false, read: () => undefined })
    this.#closed = done.addBoth(() => {
      this.#queue.listeners.delete(this.#listener)
      return this.#leave()
    }) as Deferred<void>
    return this.#closed
  }

  /** A text instead of an answer says why nothing was done. */
  #checkHere(info: unknown): unknown {
    if (typeof info === 'string') throw refusalError(info, this.#queue.name)
    return info
  }

  #one({ rows: [row] }: Answer): JobRecord | undefined {
    return row && toRecord(this.#queue.name, row)
  }

  #ask<T>(parts: Parameters<PostgresQueue['ask']>[0] & { readonly read: (answer: Answer, notes: Notes) => T }): Deferred<T> {
    return this.#closed ? closedFailure() : (this.#queue.ask(parts) as Deferred<T>)
  }
}

function declaredOf(width: string | null, rate: string | null): Declared {
  const declared = rate === null ? undefined : (JSON.parse(rate) as [limit: number, per: number] | null)
  return {
    ...(width === null ? {} : { width: Number(width) }),
    ...(declared === undefined ? {} : { rate: declared && { limit: declared[0], per: declared[1] } }),
  }
}

function closedFailure<T>(): Deferred<T> {
  return fail(new StoreError('ERR_STORE_CLOSED', 'This queue was closed; open it again'))
}
