import type { Clock } from '../clock.ts'
import { append } from '../deferred/chain.ts'
import { Deferred } from '../deferred/deferred.ts'
import { Failure, toFailure } from '../deferred/failure.ts'
import { COROUTINE, FIRED, HANDLED, PAUSED, RUNNING } from '../deferred/flags.ts'
import { isThenable } from '../deferred/thenable.ts'
import type { Awaitable } from '../deferred/types.ts'
import { KeyError, usageError } from '../errors.ts'
import { LinkedList } from '../structures/linked-list.ts'
import { checkPriority, PriorityLine } from '../structures/priority-line.ts'
import { Deadlocks } from './deadlock.ts'
import { Gate } from './gate.ts'
import type { Job, JobQueue } from './job.ts'
import { JobDeferred } from './job-deferred.ts'
import type { QueueDeadlock } from './job-errors.ts'
import { Outcomes } from './outcomes.ts'
import { type Foreman, Places } from './place.ts'
import { SizeWaiters } from './size-waiters.ts'

/** Starts within starts within starts, and likewise ends: what would be deeper is left to a loop further out. */
const DEEPEST = 50
/**
 * How many jobs may start and end within calls of `put` during one call of ours to somebody's code. Callbacks that put the
 * next job, which is over at once, so that its callbacks run at once and put the next, would go ever deeper.
 */
const MOST_WITHIN = 200
/** In milliseconds since the engine was made; `undefined` if it has to be asked for, because somebody's code has run since. */
type Time = number | undefined
type Changed<A, R> = (job: Job<A, R> | undefined) => void
const nativeThen = Promise.prototype.then

/**
 * Starts pending jobs while there is room and the rate allows, and sees them to their end.
 *
 * Everything that it calls (the handler, callbacks, cancellers) may call it back. So its own state is right before each
 * such call, and nothing that was read before is believed after it.
 */
export class Engine<A, R> implements JobQueue<A, R>, Foreman<A, R> {
  readonly line = new PriorityLine<Job<A, R>>()
  /** In order of start; a job stays until its work has really ended, even if the job itself is over before. */
  readonly underway = new LinkedList<Job<A, R>>()
  readonly gate: Gate
  readonly outcomes: Outcomes<A, R>
  readonly deadlocks: Deadlocks<A, R>
  readonly sizeWaiters = new SizeWaiters()
  /** How many may be underway now. */
  room = 0
  /** Told of each job that is put, changed or over, and that a place is free; null if nobody wants to know. */
  changed: Changed<A, R> | null = null
  /** @internal What times are counted from. */ readonly _epoch: number

  readonly #clock: Clock
  readonly #fn: (arg: A, job: Job<A, R>) => Awaitable<R>
  readonly #drained: () => void
  readonly #places: Places<A, R> = new Places(this)
  /** Whose handler is being called, up to where it returns. */
  #calling: Job<A, R> | null = null
  /** How many starts are going on, each within the one before. */
  #depth = 0
  /** How many ends of work are going on, each within the one before: a handler may return another job's deferred. */
  #endDepth = 0
  /** How many jobs were put and over, all within one call of ours. */
  #within = 0
  #toEnd: { readonly job: Job<A, R>; readonly outcome: unknown; readonly failed: boolean }[] = []

  /**
   * @param drained called whenever nothing is underway after something has changed
   * @param warn told of deadlocks
   */
  constructor(
    fn: (arg: A, job: Job<A, R>) => Awaitable<R>,
    clock: Clock,
    drained: () => void,
    warn: (warning: QueueDeadlock) => void,
  ) {
    this.#fn = fn
    this.#drained = drained
    this.#clock = clock
    this._epoch = Math.floor(clock.now())
    const now = (): number => this.now()
    this.gate = new Gate(clock, now, () => this.dispatch())
    this.outcomes = new Outcomes(clock, now)
    this.deadlocks = new Deadlocks(this, clock, warn)
  }

  /** Sets who is told of jobs that change. */
  listen(changed: Changed<A, R> | null): void {
    this.changed = this.outcomes.changed = changed
  }

  /**
   * The time, in milliseconds since the engine was made. Jobs keep their times so: small whole numbers, if they are known
   * to be some, need no memory of their own.
   */
  now(): number {
    const time = this.#clock.now() - this._epoch
    const whole = time | 0
    return whole === time ? whole : time
  }

  /** Sets how many may be underway, and starts what there is room for. */
  setRoom(room: number): void {
    this.room = room
    if (this.deadlocks.alert) this.deadlocks.moved()
    this.dispatch()
  }

  /**
   * Takes in a new job: starts it at once if nobody is before it, there is room, and the rate allows.
   *
   * @returns whether it was taken in: not if more than `size` would be pending
   */
  accept(job: Job<A, R>, now: number, size: number): boolean {
    const { line, deadlocks } = this
    const full = this.underway.length >= this.room
    const first = line.length === 0 && !full
    if (first && this.#mayGoDeeper() && this.gate.take(now)) {
      if (this.changed !== null) this.changed(job)
      this.#run(now, job)
    } else {
      // One that only waits for a loop further out is as good as started.
      if (line.length >= size && (!first || this.#mayGoDeeper())) return false
      line.join(job)
      if (this.changed !== null) this.changed(job)
      if (full) deadlocks.suspect()
      else this.dispatch(now)
    }
    if (job._stopped === undefined) {
      if (this.#calling !== null) deadlocks.hasPut(this.#calling, job)
    } else if (this.#depth + this.#endDepth > 0) this.#within++
    return true
  }

  /** Starts pending jobs while there is room and the rate allows. `now` is the time, if it is known. */
  dispatch(now?: Time): void {
    if (this.#mayGoDeeper()) this.#run(now, undefined)
  }

  #mayGoDeeper(): boolean {
    return this.#depth < DEEPEST && this.#within < MOST_WITHIN
  }

  /** As `dispatch`; before the pending ones it starts `first`, which has room, and the rate's leave. */
  #run(now: Time, first: Job<A, R> | undefined): void {
    const { gate, line, underway } = this
    const before = line.length
    let heldSince: Time
    this.#depth++
    try {
      if (first !== undefined) now = this.#start(first, now as number)
      while (line.length > 0 && underway.length < this.room) {
        now ??= this.now()
        if (!gate.take(now)) {
          heldSince = now
          break
        }
        now = this.#start(line.shift(), now)
        if (line.length < this.sizeWaiters.highest) {
          this.sizeWaiters.wake(line)
          now = undefined
        }
        if (this.#depth + this.#endDepth === 1) this.#within = 0
      }
    } finally {
      this.#depth--
      if (this.#depth + this.#endDepth === 0) this.#within = 0
    }
    if (heldSince === undefined) gate.forget()
    else gate.await(heldSince)
    if (underway.length === 0) this.#drained()
    else if (before > 0 && line.length === before && underway.length >= this.room) this.deadlocks.suspect()
  }

  /** Something pending has left. */
  #left(): void {
    if (this.line.length === 0) this.gate.forget()
    if (this.deadlocks.alert) this.deadlocks.moved()
    this.sizeWaiters.wake(this.line)
    if (this.underway.length === 0) this.#drained()
  }

  /** Calls the handler. The time after that, if it is known. */
  #start(job: Job<A, R>, now: number): Time {
    job._state = 'underway'
    job._started = now
    this.underway.append(job)
    if (job._rare !== null) this.outcomes.started(job)
    if (this.changed !== null) this.changed(job)
    const before = this.#calling
    this.#calling = job
    const fn = this.#fn
    let result: unknown
    let waits: boolean
    try {
      result = fn(job.arg, job)
      // A real promise calls exactly one of two functions, once: a place can rely on that. Others are not trusted.
      if (result instanceof Promise && result.then === nativeThen) {
        this.#calling = before
        const { onValue, onFailure } = this.#places.take(job)
        void result.then(onValue, onFailure)
        return undefined
      }
      waits = isThenable(result)
      this.#calling = before
    } catch (error) {
      this.#calling = before
      return this.#ended(job, toFailure(error), true)
    }
    if (!waits) return this.#ended(job, result, false)
    return result instanceof Deferred ? this.#followDeferred(job, result) : this.#followThenable(job, result as PromiseLike<unknown>)
  }

  #followThenable(job: Job<A, R>, thenable: PromiseLike<unknown>): undefined {
    const { onValue, onFailure } = this.#places.take(job)
    append(Deferred.from(thenable), onValue, onFailure)
    return undefined
  }

  #followDeferred(job: Job<A, R>, work: Deferred<unknown>): Time {
    if (work instanceof JobDeferred && work.job === job) {
      const error = usageError(TypeError, 'ERR_RETURNED_ITSELF', 'A handler returned a deferred of its own job, and would wait for itself')
      return this.#ended(job, new Failure(error), true)
    }
    // One that has its result already is not waited for: a loop of those stays a loop.
    if ((work._flags & (FIRED | RUNNING | COROUTINE)) === FIRED && work._flags < PAUSED) {
      const result = work._result
      if (!(result instanceof Failure)) return this.#ended(job, result, false)
      append(work, undefined, (failure: Failure) => {
        work._flags |= HANDLED
        return failure
      })
      return this.#ended(job, result, true)
    }
    job._work = work
    const { onValue, onFailure } = this.#places.take(job)
    append(work, onValue, onFailure)
    // Cancelled by its own handler, or late within it.
    if (job._work !== null && job._state !== 'underway') work.cancel(job._reason())
    return undefined
  }

  /** @internal A promise or deferred that a handler returned has its result. */
  _workEnded(job: Job<A, R>, outcome: unknown, failed: boolean): void {
    if (this.#endDepth >= DEEPEST) {
      this.#toEnd.push({ job, outcome, failed })
      return
    }
    let now: Time
    this.#endDepth++
    try {
      now = this.#ended(job, outcome, failed)
      while (this.#toEnd.length > 0) {
        for (const next of this.#toEnd.splice(0)) now = this.#ended(next.job, next.outcome, next.failed)
      }
    } finally {
      this.#endDepth--
      if (this.#depth + this.#endDepth === 0) this.#within = 0
    }
    if (!this.#replaced(now)) this.dispatch(now)
  }

  /** One job has ended, and another takes its place: as a rule that is all there is to do, and it is done here. Whether it was. */
  #replaced(now: Time): boolean {
    const { line, underway } = this
    const isRule = this.#depth + this.#endDepth === 0 && this.gate.rate === undefined && line.length > this.sizeWaiters.highest
    if (!isRule || underway.length !== this.room - 1) return false
    this.#depth = 1
    try {
      this.#start(line.shift(), now ?? this.now())
    } finally {
      this.#depth = this.#within = 0
    }
    // There may be no room at all by now, and nothing underway.
    return underway.length > 0 && underway.length >= this.room
  }

  /** The work of a job has really ended, and its place is free. The time, if it is known. */
  #ended(job: Job<A, R>, outcome: unknown, failed: boolean): Time {
    this.underway.remove(job)
    job._work = null
    if (this.deadlocks.alert) this.deadlocks.moved()
    if (job._state !== 'underway') {
      this.changed?.(undefined)
      return undefined
    }
    const now = this.now()
    return this.outcomes.ended(job, now, outcome, failed) ? undefined : now
  }

  /** @internal As `Job.prototype.cancel`. */
  _cancel(job: Job<A, R>, reason: unknown): void {
    if (job._state === 'underway') this.outcomes.cancel(job, reason)
    if (job._state !== 'pending') return
    if (this.line.has(job)) this.line.leave(job)
    this.outcomes.cancel(job, reason)
    this.#left()
  }

  /** As `Job.prototype.reprioritize`. */
  reprioritize(job: Job<A, R>, priority: number): void {
    checkPriority(priority)
    if (job._queue !== this || !this.line.has(job)) throw new KeyError(`${job.id} is not pending in this queue`)
    this.line.reprioritize(job, priority)
    this.changed?.(job)
  }

  /** @internal */
  _reported(job: Job<A, R>): void {
    this.changed?.(job)
  }

  /** @internal A promise has begun to wait for a pending job. */
  _suspect(): void {
    if (this.line.length > 0 && this.underway.length >= this.room) this.deadlocks.suspect()
  }

  /** Cancels everything that is pending. Gives it back, in the order it would have started. */
  cancelPending(reason: unknown): Job<A, R>[] {
    const jobs = this.line.takeAll()
    for (const job of jobs) if (job._state === 'pending') this.outcomes.cancel(job, reason)
    this.#left()
    return jobs
  }
}
