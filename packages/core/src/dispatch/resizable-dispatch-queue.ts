import { systemClock } from '../clock.ts'
import { type Deferred, succeed } from '../deferred/deferred.ts'
import { checkSignal, checkTime } from '../deferred/limits.ts'
import type { Awaitable } from '../deferred/types.ts'
import { checkOptions, KeyError, QueueOverflow, QueueStopped, usageError } from '../errors.ts'
import { checkCapacity } from '../structures/capacity.ts'
import { checkPriority } from '../structures/priority-line.ts'
import { Waiters } from '../structures/waiters.ts'
import { Engine } from './engine.ts'
import { type DispatchEvent, type DispatchStatus, Events } from './events.ts'
import { explain, type Explanation } from './explain.ts'
import { Job } from './job.ts'
import type { JobDeferred } from './job-deferred.ts'
import { checkLimit, checkWidth, type DispatchOptions, type PutOptions } from './options.ts'
import type { Rates } from './rate.ts'
import type { Stream } from './stream.ts'
import { warn } from './warn.ts'

/**
 * Calls a function for everything that is put into it, at most `width` at once and at most `rate` per time. Both can be
 * changed at any moment, jobs can be cancelled and moved, and the whole can be paused and stopped.
 *
 * Lower priorities go first, and first come first served among equals. A job starts at once, within `put`, if there is
 * room and the rate allows. It keeps its place until its work has really ended, also when it was cancelled or ran out
 * of time before.
 *
 * @example
 * const queue = new ResizableDispatchQueue((ms: number) => sleep(ms, `slept ${ms} ms`), {
 *   width: 5,
 *   rate: { limit: 10, per: 1000 },
 * })
 * const { result } = await queue.put(20, { priority: -1 }) // 'slept 20 ms'
 * queue.width = 20
 * await queue.stop() // []: no job is left undone
 */
export class ResizableDispatchQueue<A, R> implements AsyncDisposable, AsyncIterable<Job<A, R>> {
  readonly #engine: Engine<A, R>
  readonly #size: number
  #width: number
  #paused = false
  #stopped = false
  readonly #pauses = new Waiters<void>()
  readonly #idles = new Waiters<void>()
  readonly #stops = new Waiters<Job<A, R>[]>()
  readonly #notDone: Job<A, R>[] = []
  /** There while somebody listens. */
  #events: Events<A, R> | undefined

  /**
   * @param fn called with what was put, and its {@link Job}; what it returns is waited for, what it throws fails the job
   * @throws TypeError ERR_NOT_A_FUNCTION if `fn` or `onWarning` is not a function, ERR_INVALID_OPTIONS if `options` is no object
   * @throws RangeError ERR_INVALID_WIDTH, ERR_INVALID_SIZE or ERR_INVALID_RATE
   */
  constructor(
    fn: (arg: A, job: Job<A, R>) => Awaitable<R>,
    options: DispatchOptions = {},
  ) {
    checkOptions(options, 'a queue')
    const { width = 0, size = Infinity, rate, clock = systemClock, onWarning = warn } = options
    if (typeof fn !== 'function' || typeof onWarning !== 'function') {
      throw usageError(TypeError, 'ERR_NOT_A_FUNCTION', 'A queue needs a function to call, and onWarning must be one')
    }
    checkWidth(width)
    this.#width = width
    this.#size = checkCapacity(size, 'A size')
    this.#engine = new Engine(fn, clock, () => this.#drained(), onWarning)
    this.#engine.gate.setRate(rate)
    this.#engine.setRoom(width)
  }

  /**
   * Puts a job in. O(1) if jobs come in order of priority, else O(log n).
   *
   * Never throws. The deferred fires with the finished job, or fails with {@link JobFailed} (`cause` is what the handler
   * threw, or a {@link TimeoutError}), {@link JobCancelled}, {@link QueueStopped}, {@link QueueOverflow}, or, if the options
   * are wrong, a RangeError or TypeError with a code. Cancelling it cancels the job.
   */
  put(arg: A, options?: PutOptions): JobDeferred<A, R> {
    const engine = this.#engine
    const now = engine.now()
    const job = new Job<A, R>(engine, arg, 0, now)
    const deferred = job._deferred as JobDeferred<A, R>
    if (this.#stopped) engine.outcomes.refuse(job, new QueueStopped())
    else if (options === undefined || this.#mayJoin(job, options)) {
      if (!engine.accept(job, now, this.#size)) engine.outcomes.refuse(job, new QueueOverflow(this.#size))
    }
    return deferred
  }

  /** Takes in a job's options. Whether it can still join: it may be refused or cancelled by now. */
  #mayJoin(job: Job<A, R>, options: PutOptions): boolean {
    const engine = this.#engine
    try {
      checkOptions(options, 'put')
      const { priority = 0, timeout = Infinity, signal } = options
      checkPriority(priority)
      job._priority = priority
      checkTime(timeout, 'A time-out')
      if (timeout !== Infinity) job._more().timeout = timeout
      if (signal === undefined) return true
      checkSignal(signal)
      engine.outcomes.cancelOn(job, signal)
    } catch (error) {
      engine.outcomes.refuse(job, error)
    }
    return job._state === 'pending'
  }

  /** How many jobs may be underway at once: a whole number, zero or more. Fewer lets those that run go on to their end. */
  get width(): number {
    return this.#width
  }
  /** @throws RangeError ERR_INVALID_WIDTH unless it is a whole number, zero or more */
  set width(width: number) {
    checkWidth(width)
    this.#width = width
    this.#open()
  }

  /** As setting {@link width}. */
  setWidth(width: number): void {
    this.width = width
  }

  /**
   * How many jobs may start in a time: in no window of `per` milliseconds more than `limit`. A list of rates: all of them
   * hold. `undefined`: no limit. What was started under a rate before still counts.
   */
  get rate(): Rates | undefined {
    return this.#engine.gate.rate
  }
  /** @throws RangeError ERR_INVALID_RATE unless `limit` is a whole number from 1 and `per` more than 0 */
  set rate(rate: Rates | undefined) {
    this.#engine.gate.setRate(rate)
    this.#changed(undefined)
    this.#engine.dispatch()
  }

  /** As setting {@link rate}. */
  setRate(rate: Rates | undefined): void {
    this.rate = rate
  }

  /** Whether it starts nothing until it is resumed. */
  get paused(): boolean {
    return this.#paused
  }

  /** Whether it takes and starts nothing more. */
  get stopped(): boolean {
    return this.#stopped
  }

  /** The pending jobs, in the order they will start. O(n log n). */
  pending(): Job<A, R>[] {
    return this.#engine.line.toArray()
  }

  /** The jobs whose work goes on, in order of start: also those cancelled or late whose work has not ended yet. O(n). */
  underway(): Job<A, R>[] {
    return [...this.#engine.underway]
  }

  /** How many jobs {@link pending} and {@link underway} would give. */
  size(): { pending: number; underway: number } {
    return { pending: this.#engine.line.length, underway: this.#engine.underway.length }
  }

  /** How it stands: width, rate, what is paused, and how many jobs there are and were. O(underway). */
  status(): DispatchStatus {
    const { line, underway, outcomes, gate } = this.#engine
    const { finished, failed, cancelled } = outcomes
    let working = 0
    for (const job of underway) if (job.state === 'underway') working++
    return {
      width: this.#width,
      rate: gate.rate,
      paused: this.#paused,
      stopped: this.#stopped,
      counts: { pending: line.length, underway: working, finished, failed, cancelled },
      places: underway.length,
    }
  }

  /**
   * Why a job is not running, and when it should: its position, what it waits for, and an estimate, which plays through
   * what comes before it under the present width and rate, taking each job to last as long as the latest did on average.
   * O(n).
   *
   * @throws KeyError ERR_KEY if the job was put into another queue
   *
   * @example
   * const clock = new ManualClock()
   * const queue = new ResizableDispatchQueue((n: number) => n, { width: 2, rate: { limit: 1, per: 1000 }, clock })
   * queue.put(1)
   * queue.put(2)
   * const why = queue.explain(queue.put(3).job) // why is { state: 'pending', position: 2, blockedBy: 'rate', estimatedStart: 2000 }
   */
  explain(job: Job<A, R>): Explanation {
    if (job?._queue !== this.#engine) throw new KeyError('That job was not put into this queue')
    return explain(this.#engine, job, this.#width, this.#paused)
  }

  /**
   * Gives a pending job another priority; among equals it keeps its time of arrival. O(log n).
   *
   * @throws KeyError ERR_KEY unless the job is pending in this queue
   * @throws RangeError ERR_INVALID_PRIORITY unless the priority is a finite number
   */
  reprioritize(job: Job<A, R>, priority: number): void {
    this.#engine.reprioritize(job, priority)
  }

  /** Cancels all that is pending, and gives it back in the order it would have started. O(n log n). */
  clearQueue(): Job<A, R>[] {
    return this.#engine.cancelPending(undefined)
  }

  /** Starts nothing until {@link resume}. Fires when nothing is underway, or when it is resumed before that. */
  pause(): Deferred<void> {
    this.#paused = true
    this.#open()
    return this.#engine.underway.length === 0 ? succeed() : this.#pauses.add()
  }

  /**
   * Goes on after {@link pause}.
   *
   * @param width a new width
   * @throws RangeError ERR_INVALID_WIDTH
   * @throws QueueStopped ERR_QUEUE_STOPPED after {@link stop}
   */
  resume(width: number = this.#width): void {
    if (this.#stopped) throw new QueueStopped()
    checkWidth(width)
    this.#width = width
    this.#paused = false
    this.#pauses.wake(undefined)
    this.#open()
  }

  /**
   * Takes and starts nothing more, for good. What is pending is cancelled, with a {@link QueueStopped} as the cause; so is,
   * if asked for, what is underway. Jobs that are underway and not cancelled go on to their end.
   *
   * @returns fires when nothing is underway, with the jobs that stopping has cancelled; cancelling it only stops waiting
   * @throws TypeError ERR_INVALID_OPTIONS if `options` is no object; then nothing is stopped
   */
  stop(options: { readonly cancelUnderway?: boolean | undefined } = {}): Deferred<Job<A, R>[]> {
    checkOptions(options, 'stop')
    const { cancelUnderway = false } = options
    const reason = new QueueStopped()
    this.#stopped = true
    this.#open()
    for (const job of this.#engine.cancelPending(reason)) this.#notDone.push(job)
    if (cancelUnderway) {
      for (const job of this.underway()) {
        if (job.state !== 'underway') continue
        this.#notDone.push(job)
        job.cancel(reason)
      }
    }
    const deferred = this.#stops.add()
    if (this.#engine.underway.length === 0) this.#drained()
    return deferred
  }

  /** Fires when nothing is pending or underway. */
  idle(): Deferred<void> {
    const { line, underway } = this.#engine
    return line.length === 0 && underway.length === 0 ? succeed() : this.#idles.add()
  }

  /**
   * For whoever puts more than the queue should hold: fires when fewer than `limit` jobs are pending, at once if so. Those
   * who wait are let on one after the other, and no further than what they put at once allows.
   *
   * @throws RangeError ERR_INVALID_SIZE unless `limit` is a whole number from 1
   *
   * @example
   * const queue = new ResizableDispatchQueue((n: number) => sleep(1, n), { width: 2 })
   * for (let n = 0; n < 20; n++) {
   *   await queue.onSizeLessThan(5)
   *   queue.put(n)
   * }
   */
  onSizeLessThan(limit: number): Deferred<void> {
    checkLimit(limit)
    const { line, sizeWaiters } = this.#engine
    return line.length < limit ? succeed() : sizeWaiters.add(limit)
  }

  /**
   * Tells `listener` of all that happens from now on, in order, soon after it has happened. What it throws is reported as
   * an unhandled failure.
   *
   * @returns ends it
   * @throws TypeError ERR_NOT_A_FUNCTION if `listener` is not a function
   */
  observe(listener: (event: DispatchEvent<A, R>) => void): () => void {
    if (typeof listener !== 'function') throw usageError(TypeError, 'ERR_NOT_A_FUNCTION', 'A listener must be a function')
    return this.#listen().observe(listener)
  }

  /** As {@link observe}, for `for await`; ends when the queue was stopped and nothing is underway any more. */
  events(): AsyncIterableIterator<DispatchEvent<A, R>> {
    return this.#stream((event) => event)
  }

  /**
   * The jobs that are over from now on, as they come to be: finished, failed or cancelled, see their `state`. Ends when the
   * queue was stopped and nothing is underway any more. What nobody has asked for yet is kept.
   *
   * @example
   * const queue = new ResizableDispatchQueue((n: number) => sleep(n, n), { width: 2 })
   * for (const n of [2, 1]) queue.put(n)
   * queue.idle().addCallback(() => queue.stop())
   * let sum = 0
   * for await (const job of queue) sum += job.result ?? 0
   * const total = sum // total is 3
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<Job<A, R>> {
    return this.#stream((event) =>
      event.type === 'job' && event.state !== 'pending' && event.state !== 'underway' ? event.job : undefined,
    )
  }

  /** Stops it and waits for what is underway: `await using queue = …`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  #listen(): Events<A, R> {
    if (this.#events === undefined) {
      this.#events = new Events(() => {
        this.#events = undefined
        this.#engine.listen(null)
      })
      this.#engine.listen((job) => this.#changed(job))
    }
    return this.#events
  }

  #stream<E>(pick: (event: DispatchEvent<A, R>) => E | undefined): Stream<E> {
    const stream = this.#listen().stream(pick)
    if (this.#isOver()) this.#events?.end()
    return stream
  }

  #changed(job: Job<A, R> | undefined): void {
    if (this.#events === undefined) return
    if (job === undefined) return this.#events.emit({ type: 'queue', status: this.status() })
    const { state, priority, progress } = job
    this.#events.emit({ type: 'job', job, state, priority, progress, time: this.#engine._epoch + this.#engine.now() })
  }

  #isOver(): boolean {
    const { line, underway } = this.#engine
    return this.#stopped && line.length === 0 && underway.length === 0
  }

  #open(): void {
    this.#changed(undefined)
    this.#engine.setRoom(this.#paused || this.#stopped ? 0 : this.#width)
  }

  /** Nothing is underway: the moment that some have waited for. */
  #drained(): void {
    this.#pauses.wake(undefined)
    if (this.#engine.line.length === 0) this.#idles.wake(undefined)
    if (!this.#stopped) return
    this.#stops.wake(this.#notDone.slice())
    if (this.#isOver()) this.#events?.end()
  }
}
