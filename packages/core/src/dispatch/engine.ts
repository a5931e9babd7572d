import type { Clock } from '../clock.ts'
import { append } from '../deferred/chain.ts'
import { Deferred } from '../deferred/deferred.ts'
import { Failure } from '../deferred/failure.ts'
import { FIRED, PAUSED, RUNNING } from '../deferred/flags.ts'
import { isThenable } from '../deferred/thenable.ts'
import type { Awaitable } from '../deferred/types.ts'
import { JobCancelled, JobFailed, KeyError, TimeoutError, usageError } from '../errors.ts'
import { LinkedList } from '../structures/linked-list.ts'
import { checkPriority, PriorityLine } from '../structures/priority-line.ts'
import { Gate } from './gate.ts'
import type { Job, JobQueue } from './job.ts'
import { JobDeferred } from './job-deferred.ts'
import { type Foreman, Places } from './place.ts'
import { Signals } from './signals.ts'

/** Starts within starts within starts, and likewise ends: what would be deeper is left to a loop further out. */
const DEEPEST = 50
/** The time has to be asked for again: somebody's code has run since. */
const UNKNOWN = NaN
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
  readonly clock: Clock

  readonly #fn: (arg: A, job: Job<A, R>) => Awaitable<R>
  readonly #drained: () => void
  readonly #places: Places<A, R> = new Places(this)
  readonly #signals = new Signals<A, R>()
  /** How many may be underway now. */
  #room = 0
  /** How many starts are going on, each within the one before. */
  #depth = 0
  /** How many ends of work are going on, each within the one before: a handler may return another job's deferred. */
  #endDepth = 0
  #toEnd: { readonly job: Job<A, R>; readonly outcome: unknown; readonly failed: boolean }[] = []

  /** @param drained called whenever nothing is underway after something has changed */
  constructor(fn: (arg: A, job: Job<A, R>) => Awaitable<R>, clock: Clock, drained: () => void) {
    this.#fn = fn
    this.#drained = drained
    this.clock = clock
    this.gate = new Gate(clock, () => this.dispatch(UNKNOWN))
  }

  /** Sets how many may be underway, and starts what there is room for. */
  setRoom(room: number): void {
    this.#room = room
    this.dispatch(UNKNOWN)
  }

  /** Starts a new job at once if it may: nobody is before it, there is room, and the rate allows. */
  startNow(job: Job<A, R>, now: number): boolean {
    if (this.line.length > 0 || this.underway.length >= this.#room) return false
    if (this.#depth >= DEEPEST) {
      this.line.join(job)
      return true
    }
    if (!this.gate.take(now)) return false
    this.dispatch(now, job)
    return true
  }

  /**
   * Starts pending jobs while there is room and the rate allows.
   *
   * @param now the time, or {@link UNKNOWN}
   * @param first a job to start before them, which has room, and the rate's leave
   */
  dispatch(now: number, first?: Job<A, R>): void {
    if (this.#depth >= DEEPEST) return
    const { gate, line, underway } = this
    let held = false
    this.#depth++
    try {
      if (first !== undefined) now = this.#start(first, now)
      while (line.length > 0 && underway.length < this.#room) {
        if (Number.isNaN(now)) now = this.clock.now()
        if (!gate.take(now)) {
          held = true
          break
        }
        now = this.#start(line.shift(), now)
      }
    } finally {
      this.#depth--
    }
    if (held) gate.await(now)
    else gate.forget()
    if (underway.length === 0) this.#drained()
  }

  /** Something pending has left. */
  #left(): void {
    if (this.line.length === 0) this.gate.forget()
    if (this.underway.length === 0) this.#drained()
  }

  /** Calls the handler. The time after that, if it is known. */
  #start(job: Job<A, R>, now: number): number {
    job._state = 'underway'
    job._startTime = now
    this.underway.append(job)
    if (job._rare !== null && job._rare.timeout !== Infinity) {
      job._rare.timer = this.clock.setTimeout(() => this.#late(job), job._rare.timeout)
    }
    const fn = this.#fn
    let result: unknown
    let waits: boolean
    try {
      result = fn(job.arg, job)
      waits = isThenable(result)
    } catch (error) {
      return this.#ended(job, error instanceof Failure ? error : new Failure(error), true)
    }
    if (!waits) return this.#ended(job, result, false)
    return result instanceof Deferred ? this.#followDeferred(job, result) : this.#followThenable(job, result as PromiseLike<unknown>)
  }

  #followThenable(job: Job<A, R>, thenable: PromiseLike<unknown>): number {
    // A real promise calls exactly one of two functions, once: a place can rely on that. Others are not trusted.
    if (!(thenable instanceof Promise) || thenable.then !== nativeThen) thenable = Deferred.from(thenable)
    const { onValue, onFailure } = this.#places.take(job)
    if (thenable instanceof Deferred) append(thenable, onValue, onFailure)
    else void thenable.then(onValue, onFailure)
    return UNKNOWN
  }

  #followDeferred(job: Job<A, R>, work: Deferred<unknown>): number {
    if (work instanceof JobDeferred && work.job === job) {
      const error = usageError(TypeError, 'ERR_RETURNED_ITSELF', 'A handler returned a deferred of its own job, and would wait for itself')
      return this.#ended(job, new Failure(error), true)
    }
    // One that has its value already is not waited for: a loop of those stays a loop.
    if ((work._flags & (FIRED | RUNNING)) === FIRED && work._flags < PAUSED && !(work._result instanceof Failure)) {
      return this.#ended(job, work._result, false)
    }
    job._work = work
    const { onValue, onFailure } = this.#places.take(job)
    append(work, onValue, onFailure)
    // Cancelled by its own handler, or late within it.
    if (job._work !== null && job._state !== 'underway') work.cancel(job._rare?.reason)
    return UNKNOWN
  }

  /** @internal A promise or deferred that a handler returned has its result. */
  _workEnded(job: Job<A, R>, outcome: unknown, failed: boolean): void {
    if (this.#endDepth >= DEEPEST) {
      this.#toEnd.push({ job, outcome, failed })
      return
    }
    this.#endDepth++
    try {
      this.dispatch(this.#ended(job, outcome, failed))
      while (this.#toEnd.length > 0) {
        for (const next of this.#toEnd.splice(0)) this.dispatch(this.#ended(next.job, next.outcome, next.failed))
      }
    } finally {
      this.#endDepth--
    }
  }

  /** The work of a job has really ended, and its place is free. The time, if it is known. */
  #ended(job: Job<A, R>, outcome: unknown, failed: boolean): number {
    this.underway.remove(job)
    job._work = null
    if (job._state !== 'underway') return UNKNOWN
    const now = this.clock.now()
    if (failed) job._end('failed', now, outcome, new Failure(new JobFailed(job, (outcome as Failure).value)))
    else job._end('finished', now, outcome, undefined)
    this.#letGo(job)
    return job._tell() ? UNKNOWN : now
  }

  /** The queue does not take it. */
  refuse(job: Job<A, R>, error: unknown): void {
    const failure = new Failure(error)
    job._end('failed', job.queuedTime, failure, failure)
    this.#letGo(job)
    job._tell()
  }

  /** Its time is over. */
  #late(job: Job<A, R>): void {
    const error = new TimeoutError((job._rare as { timeout: number }).timeout)
    job._end('failed', this.clock.now(), new Failure(error), new Failure(new JobFailed(job, error)))
    this.#abandon(job, error)
  }

  /** @internal As `Job.prototype.cancel`. */
  _cancel(job: Job<A, R>, reason: unknown): void {
    const pending = job._state === 'pending'
    if (!pending && job._state !== 'underway') return
    if (this.line.has(job)) this.line.leave(job)
    const failure = new Failure(new JobCancelled(job, reason))
    job._end('cancelled', this.clock.now(), failure, failure)
    this.#abandon(job, reason)
    if (pending) this.#left()
  }

  /** A job is over: stops its work, if it has begun, and tells its deferreds. */
  #abandon(job: Job<A, R>, reason: unknown): void {
    this.#letGo(job)
    try {
      job._more().abort(reason)
      job._work?.cancel(reason)
    } finally {
      job._tell()
    }
  }

  /** Takes down what was set up for a job. */
  #letGo(job: Job<A, R>): void {
    const rare = job._rare
    if (rare === null) return
    if (rare.timer !== undefined) this.clock.clearTimeout(rare.timer)
    rare.timer = undefined
    this.#signals.remove(job)
  }

  /** Cancels the job when `signal` is aborted; at once if it is. */
  cancelOn(job: Job<A, R>, signal: AbortSignal): void {
    if (signal.aborted) this._cancel(job, signal.reason)
    else this.#signals.add(signal, job)
  }

  /** As `Job.prototype.reprioritize`. */
  reprioritize(job: Job<A, R>, priority: number): void {
    checkPriority(priority)
    if (job._queue !== this || !this.line.has(job)) throw new KeyError(`${job.id} is not pending in this queue`)
    this.line.reprioritize(job, priority)
  }

  /** Cancels everything that is pending. Gives it back, in the order it would have started. */
  cancelPending(reason: unknown): Job<A, R>[] {
    const jobs = this.line.takeAll()
    this.gate.forget()
    for (const job of jobs) this._cancel(job, reason)
    return jobs
  }
}
