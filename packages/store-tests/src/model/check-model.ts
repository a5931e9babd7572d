import { deepStrictEqual as deepEqual, strictEqual as equal, ok } from 'node:assert'
import {
  type Change,
  isOver,
  JOB_STATES,
  type JobRecord,
  type MovingJob,
  type NewJob,
  type News,
  type Outcome,
  type QueueStore,
  type Store,
  type Worker,
} from '@potoroo/queue'
import { PotorooError } from 'potoroo'
import { ERROR, START } from '../trial.ts'
import { Attempts } from './attempts.ts'
import { Choices } from './choices.ts'
import { ModelQueue } from './model-queue.ts'

/** A program for {@link checkModel}: each step a list of whole numbers that chooses what is done, and to what. */
export type Program = readonly (readonly number[])[]

export interface ModelOptions {
  /** With nothing in it. */
  readonly store: Store
  /** Other stores on the same data: steps go to one or the other, as if by several processes. */
  readonly shares?: readonly Store[]
}

const LEASE = 5_000
/** Times are in tens of milliseconds, so that none is exactly this long after another. */
const PER = 105
const LIMIT = 1_000

/**
 * Runs a program on a store and on a model of what a store does, and after every step compares the answer, every job, the
 * line, the settings and counts, and what was told of. Throws an AssertionError where they differ.
 *
 * A program is nothing but numbers, so any generator can make one, and shrink one that fails.
 *
 * @example
 * // With fast-check:
 * const programs = fc.array(fc.array(fc.nat(99), { minLength: 1, maxLength: 9 }), { maxLength: 60 })
 * await fc.assert(fc.asyncProperty(programs, (program) => checkModel(program, { store: memoryStore() })))
 */
export async function checkModel(program: Program, { store, shares = [] }: ModelOptions): Promise<void> {
  const run = new ModelRun(shares.length > 0)
  for (const each of [store, ...shares]) run.queues.push(await each.open('q', {}, (news) => run.hear(news)))
  try {
    for (const numbers of program) {
      await run.step(new Choices(numbers))
      await run.compare()
    }
    await run.compareHistories()
  } finally {
    for (const queue of run.queues) await queue.close()
  }
}

class ModelRun {
  readonly queues: QueueStore[] = []
  readonly #model = new ModelQueue()
  readonly #told = new Map<string, JobRecord>()
  readonly #workers: { readonly worker: Worker; readonly attempts: Attempts }[]
  /** Whether the store has workers of other processes, which may die. */
  readonly #shared: boolean
  #now = START
  #ids = 0
  #moves = 0
  /** What has left the queue, and comes back to it once all has. */
  #elsewhere: MovingJob[] = []
  /** All that has left since the move began. */
  #left: MovingJob[] = []
  #exchanges = 0

  constructor(shared: boolean) {
    this.#shared = shared
    this.#workers = ['w1', 'w2', 'w10'].map((id) => ({ worker: { id, lease: LEASE }, attempts: new Attempts() }))
  }

  hear({ jobs }: News): void {
    for (const job of jobs) this.#told.set(job.id, job)
  }

  async step(choices: Choices): Promise<void> {
    const act = choices.of(['put', 'exchange', 'exchange', 'exchange', 'change', 'advance', 'update', 'renew', 'put', 'other', 'move'] as const)
    const queue = choices.of(this.queues)
    switch (act) {
      case 'put':
        return this.#put(queue, choices)
      case 'exchange':
        return this.#exchange(queue, choices)
      case 'change':
        return this.#change(queue, choices)
      case 'advance':
        this.#now += choices.of([10, 20, 50, 100, 1_000])
        return
      case 'update':
        return this.#update(queue, choices)
      case 'renew':
        return this.#renew(queue, choices.of(this.#workers).worker)
      case 'other':
        return this.#other(queue, choices)
      case 'move':
        for (let steps = choices.of([1, 1, 2, 40]); steps > 0; steps--) {
          await this.#move(queue, choices)
          if (this.#model.move?.state === 'arrived') return
          await this.compare()
        }
    }
  }

  /** A step of the queue's leaving; when it has left, of its coming back, for a queue may move to where it once was. */
  async #move(queue: QueueStore, choices: Choices): Promise<void> {
    const mark = this.#model.move
    if (mark?.state === 'left' || mark?.state === 'arriving') return this.#arrive(queue, choices)
    const delivered = choices.of([[], ...Array<string[]>(3).fill(this.#elsewhere.map(({ job }) => job.id))])
    const step = { move: mark?.state === 'leaving' ? mark.id : `m${++this.#moves}`, delivered, limit: choices.of([3, 1, 2, 0]), now: this.#now }
    const over = await this.#over(queue)
    const jobs = this.#model.depart(step)
    const { jobs: departed, status } = await queue.depart(step)
    deepEqual(departed.map((moving) => ({ ...moving, ended: 0 })), jobs)
    deepEqual(status, this.#model.status())
    const known = new Set(this.#elsewhere.map(({ job }) => job.id))
    const fresh = departed.filter(({ job }) => !known.has(job.id))
    // A clear may end jobs in any order; that in which the store has them is the one to be kept.
    deepEqual(lastFirst(fresh), over.filter((id) => fresh.some(({ job }) => job.id === id)))
    this.#elsewhere.push(...fresh)
    this.#left.push(...fresh)
  }

  /** The ids of all that is over, by state, the latest first. */
  async #over(queue: QueueStore): Promise<string[]> {
    const ids: string[] = []
    for (const state of JOB_STATES.filter(isOver)) ids.push(...(await queue.list({ state, limit: LIMIT })).jobs.map(({ id }) => id))
    return ids
  }

  async #arrive(queue: QueueStore, choices: Choices): Promise<void> {
    const coming = this.#elsewhere.slice(0, 3)
    // Of a step that was not heard of, all comes again.
    const again = choices.of([false, false, true])
    if (!again) this.#elsewhere.splice(0, coming.length)
    const settings = { width: 3, rate: choices.of([null, { limit: 2, per: PER }]), paused: false, heldUntil: this.#now + choices.of([0, 30]) }
    const landing = this.#elsewhere.length === 0 ? { settings, declared: {} } : null
    const { state, id } = this.#model.move!
    const step = { move: state === 'left' ? `m${++this.#moves}` : id, jobs: coming, landing }
    const expected = this.#model.arrive(step) ?? this.#model.status()
    deepEqual(await answer(queue.arrive(step)), expected)
    deepEqual(await answer(queue.arrive(step)), expected)
    if (landing === null || typeof expected === 'string') return
    deepEqual(await this.#over(queue), lastFirst(this.#left))
    this.#left = []
  }

  async #put(queue: QueueStore, choices: Choices): Promise<void> {
    const jobs = Array.from({ length: choices.below(3) + 1 }, (): NewJob => {
      const id = `j${this.#ids++}`
      return {
        id,
        arg: JSON.stringify(id),
        priority: choices.of([0, 1, -1]),
        runAt: this.#now + choices.of([0, 0, 10, 50]),
        key: choices.of([null, null, 'k', 'l']),
        maxAttempts: choices.below(3) + 1,
        timeout: null,
      }
    })
    const size = choices.of([Infinity, Infinity, 4])
    const expected = this.#model.put(jobs, size, this.#now)
    const puts = await answer(queue.put(jobs, { size, now: this.#now }))
    deepEqual(typeof puts === 'string' ? puts : puts.map(({ job, isNew }) => ({ id: job.id, isNew })), expected)
  }

  async #exchange(queue: QueueStore, choices: Choices): Promise<void> {
    const { worker, attempts } = choices.of(this.#workers)
    const places = choices.below(4)
    const outcomes: Outcome[] = []
    for (let left = choices.below(4); left > 0; left--) {
      const outcome = attempts.next(choices, this.#now)
      if (outcome) outcomes.push(outcome)
    }
    const holdUntil = choices.of([0, 0, 0, 0, this.#now + 30])
    const token = `${worker.id}.${++this.#exchanges}`
    const exchange = { worker, outcomes, started: [], holdUntil, places, token, now: this.#now }
    const expected = this.#model.exchange(exchange)
    const { accepted, claimed, rated, wakeAt } = await queue.exchange(() => exchange)
    deepEqual({ accepted, claimed }, expected)
    attempts.add(claimed)
    if (claimed.length < places && this.#model.has(worker)) {
      const next = this.#model.nextClaim(this.#now)
      if (next !== undefined) ok(wakeAt !== null && wakeAt <= next + 1, `A job could start at ${next}, and it says ${wakeAt}`)
    }
    if (!rated || claimed.length === 0) return
    const started = { ...exchange, outcomes: [], started: [{ token, at: this.#now }], holdUntil: 0, places: 0, token: `${token}+` }
    this.#model.exchange(started)
    await queue.exchange(() => started)
  }

  async #change(queue: QueueStore, choices: Choices): Promise<void> {
    const id = `j${choices.below(this.#ids + 1)}`
    const change = choices.of<Change>([
      { type: 'cancel', error: ERROR },
      { type: 'reprioritize', priority: choices.of([0, 1, -1]) },
      { type: 'retry' },
    ])
    const expected = this.#model.change(id, change, this.#now)
    const changed = await answer(queue.change(id, change, this.#now))
    deepEqual(changed, expected ?? this.#model.find(id)!.record)
  }

  async #update(queue: QueueStore, choices: Choices): Promise<void> {
    const limit = choices.below(4)
    const patch = choices.of([
      { width: choices.of([0, 1, 3, Infinity]) },
      { rate: limit === 0 ? null : { limit, per: PER } },
      { paused: choices.below(2) === 1 },
    ])
    const expected = this.#model.update(patch) ?? this.#model.status()
    deepEqual(await answer(queue.update(patch)), expected)
  }

  async #renew(queue: QueueStore, worker: Worker): Promise<void> {
    equal(await queue.renew(worker, this.#now), this.#model.renew(worker))
  }

  async #other(queue: QueueStore, choices: Choices): Promise<void> {
    switch (choices.of(['recover', 'retire', 'prune', 'clear', 'look'] as const)) {
      case 'retire': {
        const { worker } = choices.of(this.#workers)
        this.#model.retire(worker, this.#now)
        return queue.retire(worker, this.#now).then()
      }
      case 'recover':
        // Who has looked before counts silence; so it is always the same one.
        if (this.#shared) equal(await this.queues[0]!.recover(() => this.#now, LEASE / 2, 'model'), this.#model.recover(this.#now, LEASE / 2))
        return
      case 'prune': {
        const retention = { finished: 100, failed: 200 }
        equal(await queue.prune(retention, this.#now), this.#model.prune(retention, this.#now))
        return
      }
      case 'clear':
        equal(await answer(queue.clear(LIMIT, this.#now)), this.#model.clear(this.#now))
        return
      case 'look': {
        const id = `j${choices.below(this.#ids + 1)}`
        const facts = await queue.facts(id, this.#now)
        deepEqual(facts && { ahead: facts.ahead, hasWorkers: facts.hasWorkers }, this.#model.facts(id, this.#now))
      }
    }
  }

  /** What is kept of each job, wherever one looks. */
  async compareHistories(): Promise<void> {
    for (const { record, attempts, log } of this.#model.jobs) {
      for (const queue of this.queues) deepEqual(await queue.history(record.id), { job: { ...record }, attempts, log })
    }
  }

  /** Everything that can be seen, wherever one looks; and what was told of agrees with it. */
  async compare(): Promise<void> {
    const records = this.#model.jobs.map(({ record }) => ({ ...record }))
    const line = this.#model.pending().map(({ record }) => record.id)
    for (const queue of this.queues) {
      deepEqual((await queue.list({ limit: LIMIT })).jobs, records)
      deepEqual((await queue.list({ state: 'pending', limit: LIMIT })).jobs.map(({ id }) => id), line)
      const status = this.#model.status()
      deepEqual(await queue.status(), status)
      const { counts: _counts, places: _places, nextDue: _nextDue, ...settings } = status
      deepEqual(queue.settings, settings)
    }
    deepEqual(records.map(({ id }) => this.#told.get(id)), records, 'What was told of is not what is there')
  }
}

/** The ids of those that are over, by state, the latest first. */
function lastFirst(jobs: readonly MovingJob[]): string[] {
  const byEnd = jobs.toSorted((a, b) => b.ended - a.ended)
  return JOB_STATES.filter(isOver).flatMap((state) => byEnd.filter(({ job }) => job.state === state).map(({ job }) => job.id))
}

/** The value, or the code of the error. */
async function answer<T>(result: PromiseLike<T>): Promise<T | string> {
  try {
    return await result
  } catch (error) {
    if (error instanceof PotorooError) return error.code
    throw error
  }
}
