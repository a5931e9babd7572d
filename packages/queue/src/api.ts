import type { Awaitable, Clock, Deferred } from 'potoroo'
import type { DurableJob } from './durable-job.ts'
import type { JobHistory } from './history.ts'
import type { JobState } from './record.ts'
import type { Rate, Retention, SettingsPatch, QueueStatus, Store } from './store.ts'

/**
 * The part of the Standard Schema interface that `put` uses: Zod, Valibot, ArkType and others have it.
 * See https://standardschema.dev.
 */
export interface Schema<A> {
  readonly '~standard': {
    readonly validate: (value: unknown) => Awaitable<
      | { readonly value: A; readonly issues?: undefined }
      | { readonly issues: readonly { readonly message: string; readonly path?: readonly unknown[] | undefined }[] }
    >
  }
}

/** Does the work of a job; the result must be JSON. Throwing means: try again later. */
export type Handler<A, R> = (arg: A, job: DurableJob<A, R>) => Awaitable<R>

/** How failed attempts are repeated. */
export interface RetryPolicy {
  /** How many attempts a job has, the first included. Default 5. */
  readonly maxAttempts?: number
  /** Milliseconds to wait after each failed attempt, the last one repeated. Default: 1 s, doubling to 60 s, with jitter. */
  readonly backoff?: Iterable<number>
}

export interface QueueOptions<A, R> {
  readonly name: string
  readonly store: Store
  /** Checks the argument at `put`, and may change it. */
  readonly schema?: Schema<A>
  /** Left out: this process puts jobs and looks at them, others run them. */
  readonly handler?: Handler<A, R>
  /** How many jobs may be underway at once over all processes. Default: the stored width, 10 the first time. */
  readonly width?: number
  /** Starts per time over all processes; null for no limit. Default: the stored rate, none the first time. */
  readonly rate?: Rate | null
  /** How many of them in this process at most. Default: the width, whatever it is. */
  readonly localWidth?: number
  readonly retry?: RetryPolicy
  /** Milliseconds that an attempt may take. Default: no limit. */
  readonly timeout?: number
  /** Milliseconds after which a silent process's jobs are given to others. Default 30,000; at least 5,000. */
  readonly lease?: number
  /** How many jobs may be pending: `put` fails with QueueOverflow beyond. Default: no limit. */
  readonly size?: number
  /** How long jobs are kept that are over, in ms: a minute at least. Default: finished 7 days, failed and cancelled 30 days. */
  readonly keep?: Partial<Retention>
  /** What a result that came too late is reported to, and errors of the store in the background. Default: a warning. */
  readonly onWarning?: (error: Error) => void
  readonly clock?: Clock
}

export interface PutOptions {
  /** Lower goes first. Default 0. */
  readonly priority?: number
  /** Milliseconds before it may start. */
  readonly delay?: number
  /** The time before which it may not start: a Date, or milliseconds since the epoch. Not with `delay`. */
  readonly runAt?: Date | number
  /** While a job with this key is pending or underway, a put gives that job. */
  readonly key?: string
  readonly maxAttempts?: number
  /** Milliseconds that an attempt may take. */
  readonly timeout?: number
  /**
   * A client of the store's database, on which a transaction was begun: the job is there once that is committed, and never
   * was if it is rolled back. With a key, a job that is committed first has it: the other one is cancelled, with
   * ERR_JOB_KEY_TAKEN. PostgreSQL only.
   */
  readonly transaction?: object
}

/** What happened to a queue: a job as it stands now, or the queue's settings and counts. */
export type QueueEvent<A = unknown, R = unknown> =
  | { readonly type: 'job'; readonly job: DurableJob<A, R> }
  | { readonly type: 'queue'; readonly status: QueueStatus }

export type BlockedBy = 'width' | 'rate' | 'held' | 'paused' | 'delay' | 'no-worker' | 'moving'

/** Why a job is not running. */
export interface Explanation {
  readonly state: JobState
  /** 1 for the next to start; null if it is not in line. */
  readonly position: number | null
  /** What keeps it, or would keep it next, from starting; null if nothing does. */
  readonly blockedBy: BlockedBy | null
  /** Milliseconds since the epoch; null if nobody can say. */
  readonly estimatedStart: number | null
}

export interface DurableQueue<A = unknown, R = unknown> {
  readonly name: string
  /** Whether `stop` was called. */
  readonly stopped: boolean

  /**
   * Fires with the job once it is committed. The argument is kept as JSON keeps it: a Date becomes its text, NaN null.
   *
   * Fails with TypeError ERR_NOT_JSON or ERR_INVALID_ARGUMENT (it does not fit the schema), RangeError ERR_TOO_LONG, what is said of
   * wrong options, QueueOverflow, QueueMoved, QueueArriving, QueueStopped, or StoreError; then nothing is put.
   */
  put(arg: A, options?: PutOptions): Deferred<DurableJob<A, R>>
  /** As `put`, and says whether the job is new or was there already with its key. */
  putNew(arg: A, options?: PutOptions): Deferred<{ readonly job: DurableJob<A, R>; readonly isNew: boolean }>
  /** As `put`, all in one commit, or none. Fails with TypeError ERR_NOT_A_LIST if it is given no array of `{ arg }`, too. */
  putMany(items: readonly ({ readonly arg: A } & PutOptions)[]): Deferred<DurableJob<A, R>[]>

  cancel(id: string, reason?: unknown): Deferred<DurableJob<A, R>>
  reprioritize(id: string, priority: number): Deferred<DurableJob<A, R>>
  retry(id: string): Deferred<DurableJob<A, R>>
  clear(): Deferred<number>

  job(id: string): Deferred<DurableJob<A, R>>
  explain(id: string): Deferred<Explanation>
  /** A job's attempts, with what they failed with, and what its handler logged: the last 50 and 200, the oldest first. */
  history(id: string): Deferred<JobHistory>
  list(options?: {
    readonly state?: JobState
    readonly after?: string
    readonly limit?: number
  }): Deferred<{ readonly jobs: DurableJob<A, R>[]; readonly next: string | null }>
  counts(): Deferred<QueueStatus['counts']>
  status(): Deferred<QueueStatus>

  setWidth(width: number): Deferred<void>
  setRate(rate: Rate | null | undefined): Deferred<void>
  /** Several settings at once; fires with the queue once they are in force. */
  update(patch: SettingsPatch): Deferred<QueueStatus>
  /** Starts nothing more; fires when nothing is underway any more, in any process, or when it is resumed. */
  pause(): Deferred<void>
  resume(width?: number): Deferred<void>
  /** Fires when nothing is pending or underway. */
  idle(): Deferred<void>

  events(): AsyncIterableIterator<QueueEvent<A, R>>
  /** As {@link events}, by callback, at once after each commit. Gives back what ends it. */
  observe(listener: (event: QueueEvent<A, R>) => void): () => void

  /**
   * Ends this process's part: nothing new starts, what is underway finishes, or is cancelled, or, after `within` ms, is
   * put back for another process. The rest stays in the store.
   */
  stop(options?: { readonly cancelUnderway?: boolean; readonly within?: number }): Deferred<void>
  [Symbol.asyncDispose](): PromiseLike<void>
}
