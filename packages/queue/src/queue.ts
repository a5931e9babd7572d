import { checkOptions, Deferred, fail, type Failure, JobCancelled, JobFailed, maybeDeferred, QueueStopped, succeed, usageError } from 'potoroo'
import type { DurableQueue, Explanation, PutOptions, QueueEvent, QueueOptions } from './api.ts'
import { checkList, checkPatch, checkPriority, checkWithin } from './checks.ts'
import { Conditions } from './conditions.ts'
import { Dispatcher } from './dispatcher.ts'
import { type Attempt, DurableJob, type JobOwner } from './durable-job.ts'
import { fromJobError, noTransactions, QueueMoved, toJobError } from './errors.ts'
import { EventFeed } from './event-feed.ts'
import { explain } from './explain.ts'
import { type JobHistory, wholeHistory } from './history.ts'
import { makeWorkerId } from './id.ts'
import { isLeaving, missing } from './moving.ts'
import { checkArg, newJob } from './new-job.ts'
import { retryRules } from './outcome.ts'
import type { JobRecord, JobState } from './record.ts'
import { DEFAULT_WIDTH, type Change, type NewJob, type News, type Put, type QueueStatus, type QueueStore, type Rate, type SettingsPatch } from './store.ts'
import { Upkeep } from './upkeep.ts'
import { Watchers } from './watchers.ts'

/** The options, with every default filled in. */
export type FullOptions<A, R> = QueueOptions<A, R> &
  Required<Pick<QueueOptions<A, R>, 'clock' | 'lease' | 'size' | 'onWarning'>> & {
    readonly keep: Required<NonNullable<QueueOptions<A, R>['keep']>>
    readonly jitter: number
    /** Called when it has let go of the store. */
    readonly onClosed: () => void
    readonly retry: Required<NonNullable<QueueOptions<A, R>['retry']>>
  }

/** How long handlers are waited for that were told to stop, in ms, if nothing else was said. */
const WIND_DOWN = 5_000
const LIST_LIMIT = 50
const CLEAR_AT_ONCE = 1_000

/** The façade: commands go through here to the store; what is committed comes back through {@link Queue.hear}. */
export class Queue<A, R> implements DurableQueue<A, R> {
  readonly #store: QueueStore
  readonly #options: FullOptions<A, R>
  readonly #watchers: Watchers
  readonly #conditions: Conditions
  readonly #feed: EventFeed
  readonly #dispatcher: Dispatcher | undefined
  readonly #upkeep: Upkeep | undefined
  readonly #worker
  readonly #owner: JobOwner
  /** One for all puts, of which many may be under way. */
  readonly #wrapFirst = ([put]: readonly Put[]): DurableJob<A, R> => this.#wrap(put!.job)
  #stopped: Deferred | undefined
  /** The store has been let go of. */
  #closed = false
  #telling = false
  #tellAgain = false
  #drained = false
  #stopTimer: { readonly at: number; readonly handle: unknown } | undefined

  constructor(store: QueueStore, options: FullOptions<A, R>) {
    const { clock, lease, onWarning, handler, keep } = options
    this.#store = store
    this.#options = options
    this.#worker = { id: makeWorkerId(), lease }
    this.#watchers = new Watchers((id) => store.job(id).addCallback((job) => this.#found(id, job)))
    this.#conditions = new Conditions(() => store.status(), clock)
    this.#feed = new EventFeed(onWarning)
    this.#owner = this as unknown as JobOwner
    if (handler === undefined) return
    this.#dispatcher = new Dispatcher({
      store,
      worker: this.#worker,
      work: (record, attempt) => {
        const job = this.#wrap(record, attempt)
        return handler(job.arg, job)
      },
      localWidth: () => options.localWidth ?? localDefault(store.settings.width),
      rules: retryRules(options.retry.backoff),
      jitter: options.jitter,
      clock,
      onWarning,
    })
    this.#upkeep = new Upkeep({
      store,
      worker: this.#worker,
      keep,
      clock,
      onLost: () => this.#dispatcher?.lost(),
      onRenew: (elapsed) => {
        this.#dispatcher?.look(elapsed)
        // A clock that was set forward has made something due, and no timer knows of it.
        this.#dispatcher?.poke()
      },
      onWarning,
    })
  }

  /** Fires with this queue once it is at work. */
  start(): Deferred<this> {
    if (this.#upkeep === undefined) return Deferred.from<this>(this)
    return this.#upkeep.start().addCallbacks(
      () => {
        this.#dispatcher?.poke()
        return this
      },
      (failure: Failure) => this.stop().addCallback(() => failure),
    ) as Deferred<this>
  }

  /** Something was committed. */
  hear(news: News): void {
    for (const job of news.jobs) {
      this.#watchers.tell(job)
      if (this.#feed.followed) this.#feed.tell({ type: 'job', job: this.#wrap(job) as DurableJob<never, never> })
    }
    if (news.missed || (news.settings !== null && isLeaving(news.settings.move))) this.#watchers.seek()
    this.#conditions.check()
    this.#tellStatus()
    this.#dispatcher?.hear(news)
  }

  /** Whether anybody wants to know of jobs that other processes have ended. */
  get waits(): boolean {
    return this.#feed.followed || !this.#watchers.isEmpty
  }

  get name(): string {
    return this.#options.name
  }
  get stopped(): boolean {
    return this.#stopped !== undefined
  }

  put(arg: A, options?: PutOptions): Deferred<DurableJob<A, R>> {
    return this.#putOne(arg, options).addCallback(this.#wrapFirst) as Deferred<DurableJob<A, R>>
  }

  putNew(arg: A, options: PutOptions = {}): Deferred<{ readonly job: DurableJob<A, R>; readonly isNew: boolean }> {
    return this.#putOne(arg, options).addCallback(([put]) => ({
      job: this.#wrap(put!.job),
      isNew: put!.isNew,
    })) as Deferred<{ readonly job: DurableJob<A, R>; readonly isNew: boolean }>
  }

  putMany(items: readonly ({ readonly arg: A } & PutOptions)[]): Deferred<DurableJob<A, R>[]> {
    return this.#puts(items).addCallback((puts) => puts.map((put) => this.#wrap(put.job))) as Deferred<DurableJob<A, R>[]>
  }

  /** As `#puts` of one; programs put one by one and by the thousand, so it is spared what only lists need. */
  #putOne(arg: A, options: PutOptions = {}): Deferred<Put[]> {
    try {
      checkOptions(options, 'put')
      if (this.#options.schema !== undefined) return this.#puts([{ ...options, arg }])
      if (this.stopped) throw new QueueStopped()
      const now = this.#options.clock.now()
      return this.#putJobs([newJob(arg, options, this.#options, now)], now, options.transaction)
    } catch (error) {
      return fail(error)
    }
  }

  #puts(items: readonly ({ readonly arg: A } & PutOptions)[]): Deferred<Put[]> {
    return this.#open(() => {
      if (!Array.isArray(items) || items.some((item) => typeof item !== 'object' || item === null)) {
        throw usageError(TypeError, 'ERR_NOT_A_LIST', 'putMany takes an array of { arg, …options }')
      }
      const { schema } = this.#options
      if (schema === undefined) return this.#putItems(items)
      if (this.stopped) throw new QueueStopped()
      return checkArg(schema, items).addCallback((checked) => this.#putItems(checked))
    }) as Deferred<Put[]>
  }

  #putItems(items: readonly ({ readonly arg: A } & PutOptions)[]): Deferred<Put[]> {
    if (this.stopped) throw new QueueStopped()
    const now = this.#options.clock.now()
    const [transaction, ...others] = new Set(items.map((item) => item.transaction))
    if (others.length > 0) {
      throw usageError(TypeError, 'ERR_INVALID_TRANSACTION', 'Jobs that are put together are put in one transaction: give all of them the same')
    }
    return this.#putJobs(items.map((item) => newJob(item.arg, item, this.#options, now)), now, transaction)
  }

  #putJobs(jobs: readonly NewJob[], now: number, transaction?: object): Deferred<Put[]> {
    const options = { size: this.#options.size, now }
    if (transaction !== undefined) {
      if (this.#store.putWithin === undefined) throw noTransactions()
      return this.#store.putWithin(transaction, jobs, options)
    }
    const put = this.#store.put(jobs, options)
    // In the same moment, so that an idle queue puts and claims in one commit.
    this.#dispatcher?.poke()
    return put
  }

  cancel(id: string, reason?: unknown): Deferred<DurableJob<A, R>> {
    return this.#change(id, { type: 'cancel', error: reason === undefined ? null : toJobError(reason) })
  }
  reprioritize(id: string, priority: number): Deferred<DurableJob<A, R>> {
    return this.#open(() => this.#change(id, { type: 'reprioritize', priority: checkPriority(priority) })) as Deferred<
      DurableJob<A, R>
    >
  }
  retry(id: string): Deferred<DurableJob<A, R>> {
    return this.#change(id, { type: 'retry' })
  }
  #change(id: string, change: Change): Deferred<DurableJob<A, R>> {
    return this.#open(() =>
      this.#store.change(String(id), change, this.#options.clock.now()).addCallback((job) => this.#wrap(job)),
    ) as Deferred<DurableJob<A, R>>
  }
  clear(): Deferred<number> {
    return this.#open(() => this.#clearFrom(0)) as Deferred<number>
  }
  /** In pieces: a million jobs in one transaction would hold everything else up. */
  #clearFrom(cleared: number): Deferred<number> {
    return this.#store.clear(CLEAR_AT_ONCE, this.#options.clock.now()).addCallback((more) => {
      const all = cleared + more
      return more < CLEAR_AT_ONCE || this.#closed ? all : this.#clearFrom(all)
    })
  }

  job(id: string): Deferred<DurableJob<A, R>> {
    return this.#open(() => this.#store.job(String(id)).addCallback((job) => this.#wrap(this.#found(id, job)))) as Deferred<DurableJob<A, R>>
  }
  explain(id: string): Deferred<Explanation> {
    return this.#open(() => {
      const now = this.#options.clock.now()
      return this.#store.facts(String(id), now).addCallback((facts) => explain(this.#found(id, facts), now))
    }) as Deferred<Explanation>
  }
  history(id: string): Deferred<JobHistory> {
    return this.#open(() =>
      this.#store.history(String(id)).addCallback((history) => wholeHistory(this.#found(id, history))),
    ) as Deferred<JobHistory>
  }
  list(options: { state?: JobState; after?: string; limit?: number } = {}): Deferred<{
    readonly jobs: DurableJob<A, R>[]
    readonly next: string | null
  }> {
    return this.#open(() => {
      checkOptions(options, 'list')
      const { limit = LIST_LIMIT, ...rest } = options
      checkList(rest.state, limit)
      return this.#store
        .list({ ...rest, limit })
        .addCallback(({ jobs, next }) => ({ jobs: jobs.map((job) => this.#wrap(job)), next }))
    }) as Deferred<{ readonly jobs: DurableJob<A, R>[]; readonly next: string | null }>
  }
  counts(): Deferred<QueueStatus['counts']> {
    return this.status().addCallback(({ counts }) => counts) as Deferred<QueueStatus['counts']>
  }
  status(): Deferred<QueueStatus> {
    return this.#open(() => this.#store.status()) as Deferred<QueueStatus>
  }

  setWidth(width: number): Deferred<void> {
    return this.update({ width }).addCallback(() => undefined)
  }
  setRate(rate: Rate | null | undefined): Deferred<void> {
    return this.update({ rate: rate ?? null }).addCallback(() => undefined)
  }
  update(patch: SettingsPatch): Deferred<QueueStatus> {
    return this.#open(() => this.#store.update(checkPatch(patch))) as Deferred<QueueStatus>
  }
  pause(): Deferred<void> {
    return this.update({ paused: true }).addCallback(() =>
      this.#conditions.until(({ paused, places }) => !paused || places === 0),
    )
  }
  resume(width?: number): Deferred<void> {
    return this.update({ paused: false, ...(width === undefined ? {} : { width }) }).addCallback(() => undefined)
  }
  idle(): Deferred<void> {
    return this.#open(() =>
      this.#conditions.until(({ counts, places, move }) => {
        if (move?.state === 'left') throw new QueueMoved(this.name)
        // Those that are on their way are not done.
        return move?.state !== 'leaving' && counts.pending === 0 && counts.underway === 0 && places === 0
      }),
    ) as Deferred<void>
  }

  events(): AsyncIterableIterator<QueueEvent<A, R>> {
    return this.#feed.iterate() as AsyncIterableIterator<QueueEvent<A, R>>
  }
  observe(listener: (event: QueueEvent<A, R>) => void): () => void {
    return this.#feed.observe(listener as (event: QueueEvent<never, never>) => void)
  }

  stop(options: { cancelUnderway?: boolean; within?: number } = {}): Deferred<void> {
    try {
      checkOptions(options, 'stop')
      checkWithin(options.within)
    } catch (error) {
      return fail(error)
    }
    const { cancelUnderway = false, within } = options
    this.#stopped ??= this.#letGo(this.#dispatcher?.drain() ?? succeed())
    if (cancelUnderway) this.#dispatcher?.giveUp(new QueueStopped())
    this.#stopBy(within ?? (cancelUnderway ? WIND_DOWN : Infinity))
    // Each caller's own: cancelling one must not cancel the stop.
    const mine = new Deferred()
    this.#stopped.addBoth((result) => {
      if (!mine.called) mine.callback(result as void)
      return result
    })
    return mine
  }

  /** After so many ms it waits no longer. A later call can make it shorter. */
  #stopBy(within: number): void {
    const { clock } = this.#options
    const at = clock.now() + within
    if (this.#drained || within === Infinity || (this.#stopTimer !== undefined && this.#stopTimer.at <= at)) return
    clock.clearTimeout(this.#stopTimer?.handle)
    const handle = clock.setTimeout(() => {
      this.#dispatcher?.giveUp(new QueueStopped())
      this.#dispatcher?.leave()
    }, within)
    this.#stopTimer = { at, handle }
  }

  #letGo(drained: Deferred): Deferred {
    return drained
      .addCallback(() => {
        this.#drained = true
        this.#options.clock.clearTimeout(this.#stopTimer?.handle)
        this.#upkeep?.close()
        return this.#dispatcher && this.#store.retire(this.#worker, this.#options.clock.now())
      })
      .addErrback(({ value }) => this.#options.onWarning(value as Error))
      .addCallback(() => {
        this.#closed = true
        this.#dispatcher?.close()
        this.#watchers.close()
        this.#conditions.close()
        this.#feed.close()
        this.#options.onClosed()
        return this.#store.close()
      })
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.stop()
  }

  /** @internal For DurableJob. */
  watch(job: JobRecord): Deferred<DurableJob<A, R>> {
    return this.#watchers.watch(job).addCallback((over) => {
      const wrapped = this.#wrap(over)
      if (over.state === 'finished') return wrapped
      const cause = over.error === null ? undefined : fromJobError(over.error)
      throw over.state === 'failed' ? new JobFailed(wrapped, cause) : new JobCancelled(wrapped, cause)
    }) as Deferred<DurableJob<A, R>>
  }

  #wrap(record: JobRecord, attempt?: Attempt): DurableJob<A, R> {
    return new DurableJob<A, R>(record, this.#owner, attempt)
  }

  /** Every command: never throws. While the queue stops it can still be looked at, and jobs can be cancelled. */
  #open<T>(command: () => T): Deferred<unknown> {
    return maybeDeferred(() => {
      if (this.#closed) throw new QueueStopped()
      return command()
    })
  }

  #found<T>(id: string, value: T | undefined): T {
    if (value === undefined) throw missing(id, this.name, this.#store.settings.move)
    return value
  }

  /** At most one look at a time, however many commits there are: followers want the latest. */
  #tellStatus(): void {
    if (!this.#feed.followed || this.#closed) return
    this.#tellAgain = this.#telling
    if (this.#telling) return
    this.#telling = true
    this.#store
      .status()
      .addCallbacks(
        (status) => this.#feed.tell({ type: 'queue', status }),
        () => undefined,
      )
      .addCallback(() => {
        this.#telling = false
        if (this.#tellAgain) this.#tellStatus()
      })
  }
}

function localDefault(width: number): number {
  return Number.isFinite(width) ? width : DEFAULT_WIDTH
}
