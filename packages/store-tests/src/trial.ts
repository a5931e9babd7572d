import { deepStrictEqual as deepEqual, strictEqual as equal, ok, rejects } from 'node:assert'
import {
  type Change,
  type Declared,
  type Exchange,
  type Exchanged,
  JOB_STATES,
  type JobError,
  type JobRecord,
  type JobState,
  type NewJob,
  type News,
  type Put,
  type QueueStatus,
  type QueueStore,
  type Store,
  TOKEN_SEPARATOR,
  transition,
  type Worker,
} from '@potoroo/queue'

/** When every trial begins: far from zero, as real times are. */
export const START = 1_000_000_000_000
export const LEASE = 30_000
export const ERROR: JobError = { name: 'Error', message: 'It broke', code: null }

export type Named = string | ({ readonly id: string } & Partial<NewJob>)

/** A job to be put, with what most tests don't care about filled in. Its argument is its id. */
export function newJob(named: Named, now: number): NewJob {
  const { id, ...rest } = typeof named === 'string' ? { id: named } : named
  return { id, arg: JSON.stringify(id), priority: 0, runAt: now, key: null, maxAttempts: 3, timeout: null, ...rest }
}

/** A worker in a test's hands: it exchanges when it is told to, and remembers what it has claimed. */
export class Hands {
  readonly worker: Worker
  readonly #trial: Trial
  readonly #queue: QueueStore
  readonly #held = new Map<string, JobRecord>()
  #exchanges = 0

  constructor(trial: Trial, queue: QueueStore, id: string, lease: number) {
    this.#trial = trial
    this.#queue = queue
    this.worker = { id, lease }
  }

  renew(): Promise<boolean> {
    return this.#queue.renew(this.worker, this.#trial.now).then()
  }
  retire(): Promise<void> {
    return this.#queue.retire(this.worker, this.#trial.now).then()
  }
  recover(elapsed = 0): Promise<number> {
    return this.#queue.recover(() => this.#trial.now, elapsed, this.worker.id).then()
  }

  /** The job as this worker claimed it. */
  held(id: string): JobRecord {
    const job = this.#held.get(id)
    ok(job, `${id} was never claimed by ${this.worker.id}`)
    return job
  }

  /** One exchange, made of what is given. Claims are said to have started at once, unless `quiet`. */
  async exchange({ quiet = false, ...parts }: Partial<Exchange> & { readonly quiet?: boolean } = {}): Promise<Exchanged> {
    const answer = await this.#queue.exchange(() => this.make(parts))
    for (const job of answer.claimed) this.#held.set(job.id, job)
    const [first] = answer.claimed
    if (answer.rated && first !== undefined && !quiet) await this.started(first.token!)
    return answer
  }

  make(parts: Partial<Exchange>): Exchange {
    return {
      worker: this.worker,
      outcomes: [],
      started: [],
      holdUntil: 0,
      places: 0,
      token: this.worker.id + TOKEN_SEPARATOR + String(++this.#exchanges),
      now: this.#trial.now,
      ...parts,
    }
  }

  async started(token: string, at = this.#trial.now): Promise<void> {
    await this.#queue.exchange(() => this.make({ started: [{ token, at }] }))
  }

  /** Claims at most so many; gives back their ids, in the order they are to be started. */
  async claim(places = 1): Promise<string[]> {
    const { claimed } = await this.exchange({ places })
    return claimed.map(({ id }) => id)
  }

  /** Says that a job has become `after`. Whether that was accepted. */
  async settle(id: string, after: JobRecord): Promise<boolean> {
    const { accepted } = await this.exchange({ outcomes: [{ token: this.held(id).token!, job: after }] })
    equal(accepted.length, 1)
    return accepted[0]!
  }
  finish(id: string, result = 'null'): Promise<boolean> {
    return this.settle(id, this.finished(id, result))
  }
  finished(id: string, result = 'null'): JobRecord {
    return { ...transition(this.held(id), { type: 'finish', result, now: this.#trial.now }), token: null }
  }
  /** Its handler threw. */
  fail(id: string, retryAt: number | null = null): Promise<boolean> {
    return this.settle(id, { ...this.failed(id, retryAt), token: null })
  }
  /** It ran out of time, and its handler goes on. */
  timeOut(id: string, retryAt: number | null = null): Promise<boolean> {
    return this.settle(id, this.failed(id, retryAt))
  }
  putBack(id: string): Promise<boolean> {
    return this.settle(id, { ...transition(this.held(id), { type: 'putBack' }), token: null })
  }
  report(id: string, progress: string): Promise<boolean> {
    return this.settle(id, transition(this.held(id), { type: 'report', progress }))
  }
  /** The handler of a job has ended, of which all had been said before. */
  async release(id: string): Promise<boolean> {
    const job = this.held(id)
    const outcome = { token: job.token!, job: { ...job, token: null }, releaseOnly: true } as const
    const { accepted } = await this.exchange({ outcomes: [outcome] })
    return accepted[0]!
  }

  failed(id: string, retryAt: number | null): JobRecord {
    return transition(this.held(id), { type: 'fail', error: ERROR, retryAt, now: this.#trial.now })
  }
}

/** One queue of one store, and time, in a test's hands. */
export class Trial {
  readonly store: Store
  readonly queue: QueueStore
  /** The worker that most tests need only one of. */
  readonly hands: Hands
  readonly news: News[]
  now = START
  readonly #extra: QueueStore[] = []

  private constructor(store: Store, queue: QueueStore, news: News[], worker: string) {
    this.store = store
    this.queue = queue
    this.news = news
    this.hands = new Hands(this, queue, worker, LEASE)
  }

  static async begin(store: Store, declared: Declared = {}, name = 'q'): Promise<Trial> {
    const news: News[] = []
    const trial = new Trial(store, await store.open(name, declared, (each) => news.push(each)), news, name === 'q' ? 'w1' : `w1-${name}`)
    await trial.hands.renew()
    return trial
  }

  /** Ends it; whatever happened, the counts are still those of the jobs that there are. */
  async end(): Promise<void> {
    await this.checkCounts()
    for (const queue of [...this.#extra, this.queue]) await queue.close()
  }

  /** Opens the queue, or another one, once more. */
  async open(
    store = this.store,
    name = 'q',
    declared: Declared = {},
    listener: (news: News) => void = () => {},
    waits?: () => boolean,
  ): Promise<QueueStore> {
    const queue = await store.open(name, declared, listener, waits)
    this.#extra.push(queue)
    return queue
  }

  /** Another worker, which has its lease. */
  async worker(id: string, { lease = LEASE, queue = this.queue } = {}): Promise<Hands> {
    const hands = new Hands(this, queue, id, lease)
    await hands.renew()
    return hands
  }

  async put(...jobs: Named[]): Promise<Put[]> {
    return this.queue.put(jobs.map((job) => newJob(job, this.now)), { size: Infinity, now: this.now })
  }

  async job(id: string): Promise<JobRecord> {
    const job = await this.queue.job(id)
    ok(job, `${id} is not there`)
    return job
  }

  /** What is there of a job, in the fields that are asked for. */
  async see(id: string, expected: Partial<JobRecord>): Promise<void> {
    const job = await this.job(id)
    const seen = Object.fromEntries(Object.keys(expected).map((field) => [field, job[field as keyof JobRecord]]))
    deepEqual(seen, expected)
  }

  change(id: string, change: Change): Promise<JobRecord> {
    return this.queue.change(id, change, this.now).then()
  }
  cancel(id: string, error: JobError | null = null): Promise<JobRecord> {
    return this.change(id, { type: 'cancel', error })
  }
  reprioritize(id: string, priority: number): Promise<JobRecord> {
    return this.change(id, { type: 'reprioritize', priority })
  }
  retry(id: string): Promise<JobRecord> {
    return this.change(id, { type: 'retry' })
  }

  /** The ids of a list, read in pages of `limit`. */
  async ids(state?: JobState, limit = 500): Promise<string[]> {
    return (await this.listAll(state, limit)).map(({ id }) => id)
  }

  async listAll(state?: JobState, limit = 500): Promise<JobRecord[]> {
    const jobs: JobRecord[] = []
    let after: string | undefined
    for (;;) {
      const page = await this.queue.list({ limit, ...(state && { state }), ...(after !== undefined && { after }) })
      ok(page.jobs.length <= limit, 'A page is longer than its limit')
      jobs.push(...page.jobs)
      if (page.next === null) return jobs
      ok(page.jobs.length > 0, 'A page with another behind it is empty')
      after = page.next
    }
  }

  /** Counts the jobs one by one, and compares. */
  async checkCounts(): Promise<QueueStatus> {
    const status = await this.queue.status()
    const all = await this.listAll()
    const counts = { pending: 0, underway: 0, finished: 0, failed: 0, cancelled: 0 }
    for (const { state } of all) counts[state]++
    deepEqual(status.counts, counts, 'The counts are not those of the jobs')
    equal(status.places, all.filter(({ token }) => token !== null).length, 'The places are not those of the jobs')
    for (const state of JOB_STATES) {
      const listed = (await this.ids(state)).sort()
      deepEqual(listed, all.filter((job) => job.state === state).map(({ id }) => id).sort(), `The list of ${state} jobs`)
    }
    return status
  }
}

/** Checks that it fails with this code. */
export function failsWith(code: string, promise: PromiseLike<unknown>): Promise<void> {
  return rejects(async () => {
    await promise
  }, (error: { code?: unknown }) => {
    equal(error.code, code)
    return true
  })
}
