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

/**
 * A queue that is open in this process; {@link openQueue} gives one. Its methods never throw: what fails, fails the deferred,
 * with an error that has a code, and has then not happened. Each may fail with StoreError, and with QueueStopped once `stop` has
 * ended; those that put or change something with QueueMoved or QueueArriving, too, while the queue is not in this store.
 *
 * @example
 * const queue = await openQueue({ name: 'mail', store: memoryStore(), handler: (to: string) => `sent to ${to}` })
 * const job = await queue.put('ada', { priority: -1 })
 * const { result } = await job.watch() // result is 'sent to ada'
 * const { finished } = await queue.counts() // finished is 1
 * await queue.stop()
 */
export interface DurableQueue<A = unknown, R = unknown> {
  readonly name: string
  /** Whether `stop` was called. */
  readonly stopped: boolean

  /**
   * Fires with the job once it is committed. The argument is kept as JSON keeps it: a Date becomes its text, NaN null.
   *
   * Fails with TypeError ERR_NOT_JSON or ERR_INVALID_ARGUMENT (it does not fit the schema), RangeError ERR_TOO_LONG, what is said of
   * wrong options, QueueOverflow, QueueMoved, QueueArriving, QueueStopped, or StoreError; then nothing is put. O(log n).
   *
   * @example
   * const store = memoryStore()
   * const queue = await openQueue<{ to: string }>({ name: 'mail', store })
   * const job = await queue.put({ to: 'ada' }, { delay: 60_000, key: 'ada' })
   * const { state } = job // state is 'pending'
   * await queue.stop()
   */
  put(arg: A, options?: PutOptions): Deferred<DurableJob<A, R>>
  /** As `put`, and says whether the job is new or was there already with its key. */
  putNew(arg: A, options?: PutOptions): Deferred<{ readonly job: DurableJob<A, R>; readonly isNew: boolean }>
  /**
   * As `put`, all in one commit, or none; fires with the jobs, in their order. Fails with TypeError ERR_NOT_A_LIST if it is given no
   * array of `{ arg }`, too. O(items · log n).
   */
  putMany(items: readonly ({ readonly arg: A } & PutOptions)[]): Deferred<DurableJob<A, R>[]>

  /**
   * Cancels a job: pending, it never starts; underway, in whatever process, its handler's signal is aborted, and its place is
   * free when that has ended. Fires with the job, cancelled, once that is committed. Fails with JobNotFound, JobConflict
   * ERR_JOB_OVER, or JobMoved. O(log n).
   *
   * @param reason becomes the job's `error`, and the signal's reason
   *
   * @example
   * const queue = await openQueue({ name: 'mail', store: memoryStore() })
   * const { id } = await queue.put('ada')
   * const { state, error } = await queue.cancel(id, new Error('they have left'))
   * const why = error?.message // why is 'they have left'
   * await queue.stop()
   */
  cancel(id: string, reason?: unknown): Deferred<DurableJob<A, R>>
  /**
   * Gives a pending job another priority; among equals it keeps its time of arrival. Fires with the job. Fails with JobNotFound,
   * JobConflict ERR_JOB_NOT_PENDING, JobMoved, or RangeError ERR_INVALID_PRIORITY. O(log n).
   *
   * @param priority a finite number; lower goes first
   */
  reprioritize(id: string, priority: number): Deferred<DurableJob<A, R>>
  /**
   * Makes a job that failed or was cancelled pending again, with all its attempts; it joins the line as if it came now. Fires with
   * the job. Fails with JobNotFound, JobConflict ERR_JOB_NOT_OVER or ERR_JOB_KEY_TAKEN (another with its key is pending or
   * underway), or JobMoved. O(log n).
   */
  retry(id: string): Deferred<DurableJob<A, R>>
  /** Cancels all that is pending; fires with how many. O(n log n), in pieces, between which others have their turn. */
  clear(): Deferred<number>

  /** Fires with a job as it stands. Fails with JobNotFound: it never was, or has been deleted; or with JobMoved. */
  job(id: string): Deferred<DurableJob<A, R>>
  /**
   * Fires with why a job is not running, and when it should. Fails as `job` does. O(position).
   *
   * @example
   * const queue = await openQueue({ name: 'mail', store: memoryStore(), handler: String })
   * await queue.pause()
   * const { id } = await queue.put('ada')
   * const { position, blockedBy } = await queue.explain(id)
   * const facts = [position, blockedBy] // facts is [1, 'paused']
   * await queue.stop()
   */
  explain(id: string): Deferred<Explanation>
  /**
   * Fires with a job's attempts, with what they failed with, and what its handler logged: the last 50 and 200, the oldest
   * first. Fails as `job` does.
   */
  history(id: string): Deferred<JobHistory>
  /**
   * Fires with a page of jobs, and what to give as `after` for the page behind it, null if there is none. All: in the order of arrival;
   * pending: in the order they will start; over: the latest first. Fails with RangeError ERR_INVALID_LIMIT, TypeError
   * ERR_INVALID_STATE or ERR_INVALID_OPTIONS, or PotorooError ERR_INVALID_CURSOR. O(log n + limit), wherever the page is.
   *
   * @param options `limit`: how many jobs; default 50
   */
  list(options?: {
    readonly state?: JobState
    readonly after?: string
    readonly limit?: number
  }): Deferred<{ readonly jobs: DurableJob<A, R>[]; readonly next: string | null }>
  /** Fires with how many jobs there are in each state. */
  counts(): Deferred<QueueStatus['counts']>
  /** Fires with the settings as they hold, the counts, and how many places are taken. */
  status(): Deferred<QueueStatus>

  /**
   * Sets how many jobs may be underway at once, over all processes. Fires when it is in force; what runs goes on to its end.
   * Fails with RangeError ERR_INVALID_WIDTH.
   *
   * @param width a whole number, 0 allowed, or Infinity
   */
  setWidth(width: number): Deferred<void>
  /**
   * Sets the rate; null or undefined for none. Fires when it is in force; what started under the one before still counts. Fails
   * with RangeError ERR_INVALID_RATE.
   *
   * @param rate `limit` starts in any window of `per` milliseconds
   */
  setRate(rate: Rate | null | undefined): Deferred<void>
  /**
   * Several settings at once; fires with the status once they are in force. Fails as `setWidth` and `setRate` do, and with
   * TypeError ERR_INVALID_OPTIONS.
   */
  update(patch: SettingsPatch): Deferred<QueueStatus>
  /**
   * Starts nothing more, in any process; fires when nothing is underway any more, or when it is resumed. Cancelling the deferred only
   * stops waiting.
   */
  pause(): Deferred<void>
  /** Ends a pause; fires when that is in force. Fails as `setWidth` does. */
  resume(width?: number): Deferred<void>
  /** Fires when nothing is pending or underway, at once if so. Cancelling the deferred only stops waiting. */
  idle(): Deferred<void>

  /**
   * Each job that changes, as it stands then, and the queue's status, after each commit. Of other processes only the ends of
   * jobs are sure to be among them. Who reads more slowly than the queue works is given the latest of each job. Ends when the
   * queue is stopped, or by leaving the loop.
   *
   * @example
   * const queue = await openQueue({ name: 'mail', store: memoryStore(), handler: String })
   * const events = queue.events()
   * await queue.put('ada')
   * for await (const event of events) {
   *   if (event.type === 'job' && event.job.state === 'finished') break
   * }
   * await queue.stop()
   */
  events(): AsyncIterableIterator<QueueEvent<A, R>>
  /** As {@link events}, by callback, at once after each commit. What it throws is a warning. Gives back what ends it. */
  observe(listener: (event: QueueEvent<A, R>) => void): () => void

  /**
   * Ends this process's part: nothing new starts, what is underway finishes, or is cancelled, or, after `within` ms, is
   * put back for another process. The rest stays in the store. Fires when the store is let go of; whoever waits for
   * something of this queue is told by then. May be called again, with less time. Fails only with TypeError ERR_INVALID_OPTIONS or
   * RangeError ERR_INVALID_TIME, and then nothing is stopped.
   *
   * @param options `cancelUnderway`: abort the signals of what is underway now, and put it back; `within`: how many milliseconds
   * to wait for handlers at most; default: 5,000 with `cancelUnderway`, else for as long as they take
   *
   * @example
   * const queue = await openQueue({ name: 'mail', store: memoryStore(), handler: String })
   * const job = await queue.put('ada')
   * await queue.stop({ within: 10_000 })
   * const code = await job.watch().addErrback(({ value }) => (value as QueueStopped).code) // code is 'ERR_QUEUE_STOPPED'
   */
  stop(options?: { readonly cancelUnderway?: boolean; readonly within?: number }): Deferred<void>
  /** As `stop()`, for `await using`. */
  [Symbol.asyncDispose](): PromiseLike<void>
}
