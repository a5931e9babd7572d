import { type Deferred, fail } from 'potoroo'
import { JobConflict } from './errors.ts'
import type { JobHistory } from './history.ts'
import type { JobError, JobRecord, JobState } from './record.ts'

/** What a job's methods need of its queue. */
export interface JobOwner {
  watch(job: JobRecord): Deferred<DurableJob<never, never>>
  cancel(id: string, reason?: unknown): Deferred<DurableJob<never, never>>
  reprioritize(id: string, priority: number): Deferred<DurableJob<never, never>>
  history(id: string): Deferred<JobHistory>
}

/** What the handler's own job has besides: the attempt underway. */
export interface Attempt {
  readonly signal: AbortSignal
  report(progress: unknown): void
  log(message: string): void
  complete(transaction: object, result: unknown): Deferred<void>
}

/**
 * A durable job, as it stood at one moment: it does not change. `watch`, or ask the queue again, for a later one.
 * Times are milliseconds since the epoch.
 */
export class DurableJob<A = unknown, R = unknown> {
  /** @internal */ readonly _record: JobRecord
  readonly #owner: JobOwner
  readonly #attempt: Attempt | undefined
  #arg: A | undefined
  #argRead = false

  /** @internal */
  constructor(record: JobRecord, owner: JobOwner, attempt?: Attempt) {
    this._record = record
    this.#owner = owner
    this.#attempt = attempt
  }

  get id(): string {
    return this._record.id
  }
  get queue(): string {
    return this._record.queue
  }
  get arg(): A {
    if (!this.#argRead) {
      this.#arg = JSON.parse(this._record.arg) as A
      this.#argRead = true
    }
    return this.#arg as A
  }
  get priority(): number {
    return this._record.priority
  }
  get state(): JobState {
    return this._record.state
  }
  /** Which attempt is underway, or was the last: from 1; 0 before the first. */
  get attempt(): number {
    return this._record.attempt
  }
  get maxAttempts(): number {
    return this._record.maxAttempts
  }
  get key(): string | null {
    return this._record.key
  }
  get timeout(): number | null {
    return this._record.timeout
  }
  get queuedTime(): number {
    return this._record.queuedTime
  }
  get runAt(): number {
    return this._record.runAt
  }
  get startTime(): number | null {
    return this._record.startTime
  }
  get stopTime(): number | null {
    return this._record.stopTime
  }
  get result(): R | undefined {
    return this._record.result === null ? undefined : (JSON.parse(this._record.result) as R)
  }
  get error(): JobError | null {
    return this._record.error
  }
  get progress(): unknown {
    return this._record.progress === null ? null : JSON.parse(this._record.progress)
  }
  /** Fences the attempt underway: a result is recorded only while the job still has this token. */
  get attemptToken(): string | null {
    return this._record.state === 'underway' ? this._record.token : null
  }
  /** For the handler: aborted when the job is cancelled or timed out, or when its process must give it up. */
  get signal(): AbortSignal {
    return this.#attempt?.signal ?? NEVER
  }

  /**
   * Fires with the finished job, whichever process did it; fails with JobFailed or JobCancelled. Fails with JobNotFound if the
   * job was deleted before this process could see its end: then `watch` came, or this process stood still, for longer than it
   * was kept. Fails with JobMoved if it has left with its queue, with StoreError if the store cannot be asked, and with
   * QueueStopped when the queue is stopped.
   */
  watch(): Deferred<DurableJob<A, R>> {
    return this.#owner.watch(this._record) as Deferred<DurableJob<A, R>>
  }
  cancel(reason?: unknown): Deferred<DurableJob<A, R>> {
    return this.#owner.cancel(this.id, reason) as Deferred<DurableJob<A, R>>
  }
  reprioritize(priority: number): Deferred<DurableJob<A, R>> {
    return this.#owner.reprioritize(this.id, priority) as Deferred<DurableJob<A, R>>
  }
  /**
   * For the handler: says how far the work is; must be JSON. Written to the store with what is written next, at most
   * every 100 ms. Ignored on a job that is not this process's to run.
   */
  report(progress: unknown): void {
    this.#attempt?.report(progress)
  }
  /**
   * For the handler: adds a line to the job's log, which `history` gives. Of a line the first 1,000 characters are kept, of a
   * job the last 200 lines. Written to the store with what is written next, at most every 100 ms. Ignored on a job that is
   * not this process's to run.
   */
  log(message: string): void {
    this.#attempt?.log(message)
  }
  /**
   * For the handler: finishes the job in the handler's own transaction, so that its result and what else that transaction
   * does are committed together or not at all: exactly once, as far as that database goes. What the handler returns is then
   * ignored; if the transaction is rolled back, the attempt has failed with ERR_ROLLED_BACK. Commit before the handler
   * returns: while the transaction is open, the job is underway and keeps its place. PostgreSQL only.
   *
   * Fires when that is written, fails with JobConflict ERR_JOB_NOT_UNDERWAY if the attempt has been taken away (roll back
   * then), and with TypeError ERR_NO_TRANSACTIONS or ERR_INVALID_TRANSACTION.
   *
   * @param options `transaction`: a client of the store's database on which a transaction was begun
   */
  complete(options: { readonly transaction: object; readonly result?: R }): Deferred<void> {
    // Nothing, or something else, has no transaction in it: so it says.
    const { transaction, result } = (options ?? {}) as typeof options
    return this.#attempt?.complete(transaction, result) ?? fail(new JobConflict('ERR_JOB_NOT_UNDERWAY', this._record))
  }
  /**
   * Fires with the job's attempts and log as they are now: the last 50 attempts and 200 lines, the oldest first. Fails with
   * JobNotFound if the job was deleted.
   */
  history(): Deferred<JobHistory> {
    return this.#owner.history(this.id)
  }
}

const NEVER = new AbortController().signal
