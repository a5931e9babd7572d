import { type Awaitable, type Clock, Deferred, type Job, maybeDeferred, ResizableDispatchQueue } from 'potoroo'
import { toJson } from './checks.ts'
import type { Attempt } from './durable-job.ts'
import { JobConflict, lookable, noTransactions, Permanent, rolledBack } from './errors.ts'
import { type AttemptRecord, KEPT_LINES, logLine, type LogLine } from './history.ts'
import { standsStill } from './moving.ts'
import { afterFailure, type RetryRules } from './outcome.ts'
import type { JobRecord } from './record.ts'
import { type Exchange, type Exchanged, type News, type Outcome, type QueueStore, TOKEN_SEPARATOR, type Worker } from './store.ts'
import { transition } from './transition.ts'

/** A claimed job in this process, from the claim until its work has really ended. */
interface Held extends Attempt {
  readonly token: string
  /** As the store has it, or will after the next exchange. */
  job: JobRecord
  run: Job<Held, unknown> | undefined
  /** Its work has ended: its place can be given back. */
  ended: boolean
  /** What became of it has been said, or is no longer this process's to say. */
  settled: boolean
  /** JSON text to be written with what is written next. */
  progress: string | null
  /** Lines to be written with what is written next. */
  lines: LogLine[] | undefined
  /** Its handler has completed it in a transaction: whether that is committed, the store will know. */
  completes: boolean
}

export interface DispatcherOptions {
  readonly store: QueueStore
  readonly worker: Worker
  /** Runs the handler. */
  readonly work: (job: JobRecord, attempt: Attempt) => Awaitable<unknown>
  readonly localWidth: () => number
  readonly rules: RetryRules
  /**
   * By how much of a rate's `per` a start is noted later than its handler was called. Whoever set the limit counts what
   * arrives, and of two requests that leave a second apart the second may be the faster one.
   */
  readonly jitter: number
  readonly clock: Clock
  readonly onWarning: (error: Error) => void
}

/** Milliseconds between writings of progress, logs and outcomes that were put off, and after which an exchange that failed is tried again. */
const REPORT_EVERY = 100
const TRY_AGAIN_AFTER = 500

/**
 * Takes jobs from a store and runs them. There is one round trip, {@link QueueStore.exchange}: it brings what has ended
 * since the last one and takes as many jobs as there is room for. What ends while one is under way is gathered for the next:
 * the busier the queue, the larger the batches.
 */
export class Dispatcher {
  readonly #options: DispatcherOptions
  readonly #runner: ResizableDispatchQueue<Held, unknown>
  readonly #held = new Set<Held>()
  #outcomes: Outcome[] = []
  /** Those that are said again a little later. */
  #putOff: Outcome[] = []
  #started: Exchange['started'][number][] = []
  #holdUntil = 0
  #exchanges = 0
  /** Exchanges that the store has taken and not answered. */
  readonly #underway = new Set<Exchange>()
  /** One was asked for whose turn has not come: it will take in all that happens until then. */
  #asked = false
  /** The last claims were as many as there was room for. */
  #busy = false
  /** There may be something to claim. */
  #hungry = true
  #stopping = false
  #closed = false
  #wake: unknown
  #reporting: unknown
  readonly #drained: Deferred[] = []

  constructor(options: DispatcherOptions) {
    this.#options = options
    this.#runner = new ResizableDispatchQueue<Held, unknown>((held, run) => this.#work(held, run), {
      width: options.localWidth(),
      clock: options.clock,
    })
  }

  /** Jobs of this process, those included that are over and whose handler has not ended. */
  get held(): number {
    return this.#held.size
  }

  /** There may be something to claim. */
  poke(): void {
    this.#hungry = true
    this.#exchange()
  }

  /** Something was committed: perhaps a job of ours was cancelled, or there is more room, or more to do. */
  hear({ jobs, settings, foreign }: News): void {
    if (settings !== null) this.#runner.setWidth(this.#options.localWidth())
    let changed = settings !== null || foreign
    for (const job of jobs) {
      if (job.state === 'cancelled') this.#cancelled(job)
      if (job.state !== 'underway') changed = true
    }
    if (changed) this.poke()
  }

  /**
   * The lease was lost: others have these jobs now, and nothing that still happens here counts. Here they keep their places
   * until their handlers have ended.
   */
  lost(): void {
    for (const held of [...this.#held]) {
      held.settled = true
      stopRun(held, new Error('This process lost its lease on the job'))
      if (held.ended) this.#held.delete(held)
    }
    this.#outcomes = []
    this.#putOff = []
    this.poke()
  }

  /** Claims nothing more; fires when nothing is held and all outcomes are recorded. */
  drain(): Deferred {
    this.#stopping = true
    this.#clearWake()
    const drained = new Deferred()
    this.#drained.push(drained)
    this.#exchange()
    this.#checkDrained()
    return drained
  }

  /** Stops the handlers: their jobs are put back, without having used up the attempt. */
  giveUp(reason: unknown): void {
    for (const held of [...this.#held]) {
      if (!held.settled) {
        const outcome = givenBack(held.job, held.ended)
        held.settled = true
        held.job = outcome.job
        this.#say(held, outcome)
      }
      stopRun(held, reason)
      if (held.ended) this.#release(held)
    }
    this.#exchange()
  }

  /** Takes the timers down, whatever is still underway: of that, nothing is said any more. */
  close(): void {
    this.#stopping = true
    this.#closed = true
    this.#clearWake()
    if (this.#reporting !== undefined) this.#options.clock.clearTimeout(this.#reporting)
    this.#reporting = undefined
  }

  /** Waits no longer for what is held. */
  leave(): void {
    for (const drained of this.#drained.splice(0)) drained.callback()
  }

  #room(): number {
    if (this.#stopping) return 0
    let room = this.#options.localWidth() - this.#held.size
    for (const { places } of this.#underway) room -= places
    return Math.max(0, room)
  }

  /** Whether nothing may start now, as far as is known here. */
  #barred(): boolean {
    const { paused, heldUntil, move } = this.#options.store.settings
    return paused || standsStill(move) || Math.max(heldUntil, this.#holdUntil) > this.#options.clock.now()
  }

  #exchange(): void {
    if (this.#asked || this.#closed || this.#underway.size >= this.#most()) return
    const claims = this.#hungry && this.#room() > 0
    if (!claims && this.#outcomes.length === 0 && this.#started.length === 0 && this.#holdUntil === 0) return
    this.#asked = true
    let sent: Exchange | undefined
    this.#options.store
      .exchange(() => {
        sent = this.#gather(sent)
        // In the room that it leaves, another one.
        this.#exchange()
        return sent
      })
      .addCallbacks(
        (answer) => this.#exchanged(sent!, answer),
        ({ value }) => this.#failed(sent, value),
      )
      .addErrback(({ value }) => this.#options.onWarning(value as Error))
  }

  /** How many exchanges may be under way: a second one only if there is much to do, and an answer takes its time. */
  #most(): number {
    return this.#busy && this.#options.store.isRemote ? 2 : 1
  }

  /** Everything to be said now. If an earlier try was rolled back, what it said comes first. */
  #gather(before: Exchange | undefined): Exchange {
    if (before !== undefined) this.#underway.delete(before)
    const hungry = this.#hungry || (before !== undefined && before.places > 0)
    const room = hungry ? this.#room() : 0
    const places = Math.min(room, Math.ceil(this.#options.localWidth() / this.#most()))
    const exchange: Exchange = {
      worker: this.#options.worker,
      outcomes: [...(before?.outcomes ?? []), ...this.#outcomes],
      started: [...(before?.started ?? []), ...this.#started],
      holdUntil: Math.max(before?.holdUntil ?? 0, this.#holdUntil),
      places,
      token: this.#options.worker.id + TOKEN_SEPARATOR + String(++this.#exchanges),
      now: this.#options.clock.now(),
    }
    this.#outcomes = []
    this.#started = []
    this.#holdUntil = 0
    this.#hungry = places < room
    this.#asked = false
    this.#underway.add(exchange)
    return exchange
  }

  #exchanged(sent: Exchange, { accepted, putOff = [], claimed, rated, wakeAt }: Exchanged): void {
    this.#underway.delete(sent)
    for (const i of putOff) this.#putOff.push(sent.outcomes[i]!)
    if (putOff.length > 0) this.#reportSoon()
    accepted.forEach((recorded, i) => {
      if (!recorded) this.#refused(sent.outcomes[i]!)
    })
    // As many as there was room for: there may be more.
    this.#busy = claimed.length > 0 && claimed.length >= sent.places
    if (this.#busy) this.#hungry = true
    let room = claimed.length === 0 || this.#barred() ? 0 : this.#room()
    for (const job of claimed) {
      // If it was stopped, paused, held back or made narrower meanwhile, what has not started does not.
      if (room-- > 0 && !this.#stopping) this.#start(job)
      else this.#outcomes.push(givenBack(job, true))
    }
    if (rated && claimed.length > 0) this.#started.push({ token: sent.token, at: this.#startedAt() })
    this.#wakeAt(wakeAt)
    this.#exchange()
    this.#checkDrained()
  }

  /** When the handlers have been called, a little late rather than early: see {@link DispatcherOptions.jitter}. */
  #startedAt(): number {
    const { clock, jitter, store } = this.#options
    return Math.ceil(clock.now() + jitter * (store.settings.rate?.per ?? 0))
  }

  #failed(sent: Exchange | undefined, error: unknown): void {
    this.#asked = false
    if (sent !== undefined) {
      this.#underway.delete(sent)
      this.#outcomes = [...sent.outcomes, ...this.#outcomes]
      this.#started = [...sent.started, ...this.#started]
      this.#holdUntil = Math.max(sent.holdUntil, this.#holdUntil)
    }
    this.#hungry = true
    this.#options.onWarning(error as Error)
    this.#clearWake()
    this.#wake = this.#options.clock.setTimeout(() => this.#awake(), TRY_AGAIN_AFTER)
  }

  #wakeAt(time: number | null): void {
    this.#clearWake()
    if (time === null || this.#stopping) return
    this.#wake = this.#options.clock.setTimeout(() => this.#awake(), Math.max(1, time - this.#options.clock.now()))
  }

  #awake(): void {
    this.#wake = undefined
    this.poke()
  }

  #clearWake(): void {
    if (this.#wake !== undefined) this.#options.clock.clearTimeout(this.#wake)
    this.#wake = undefined
  }

  #start(job: JobRecord): void {
    const held: Held = {
      token: job.token!,
      job,
      run: undefined,
      ended: false,
      settled: false,
      progress: null,
      lines: undefined,
      completes: false,
      get signal() {
        return held.run!.signal
      },
      report: (progress) => this.#report(held, progress),
      log: (message) => this.#log(held, job.attempt, message),
      complete: (transaction, result) => this.#complete(held, transaction, result),
    }
    this.#held.add(held)
    const options = job.timeout === null ? {} : { timeout: job.timeout }
    const put = this.#runner.put(held, options)
    held.run ??= put.job
    put.addBoth(() => this.#over(held))
  }

  #work(held: Held, run: Job<Held, unknown>): Awaitable<unknown> {
    held.run = run
    const end = <T>(result: T): T => {
      held.ended = true
      if (held.settled) this.#release(held)
      return result
    }
    try {
      const work = this.#options.work(held.job, held)
      if (work instanceof Promise) {
        return work.then(end, (error: unknown) => {
          end(undefined)
          throw lookable(error)
        })
      }
      // Of other thenables nothing is sure: even to look at their `then` may throw.
      return typeof work === 'object' || typeof work === 'function' ? Deferred.from(work).addBoth(end) : end(work)
    } catch (error) {
      // It threw, or gave back something that cannot even be looked at.
      end(undefined)
      throw lookable(error)
    }
  }

  /** The run is over: finished, failed, timed out, or cancelled; its work may go on for a while. */
  #over(held: Held): void {
    if (held.settled) return
    const { clock, rules } = this.#options
    const now = clock.now()
    const run = held.run!
    // When the handler was really called, which is a little after the claim.
    const job = { ...held.job, startTime: run.startTime ?? held.job.startTime, progress: held.progress ?? held.job.progress }
    if (run.state === 'finished' && !held.completes) {
      try {
        const text = toJson(run.result === undefined ? null : run.result, 'A result')
        return this.#settle(held, transition(job, { type: 'finish', result: text, now }))
      } catch (error) {
        const { job: failed, ended } = afterFailure(job, new Permanent(error), now, rules)
        return this.#settle(held, failed, ended)
      }
    }
    // What it returned counts for nothing: if its transaction is committed, that has finished the job; if not, nothing has.
    const thrown = run.state === 'finished' ? rolledBack() : run.failure?.value
    const after = afterFailure(job, lookable(thrown), now, rules)
    this.#holdUntil = Math.max(this.#holdUntil, after.holdUntil)
    this.#settle(held, after.job, after.ended)
  }

  #settle(held: Held, job: JobRecord, ended?: AttemptRecord): void {
    held.settled = true
    held.job = job
    if (held.ended) this.#held.delete(held)
    const outcome = { token: held.token, job: held.ended ? { ...job, token: null } : job }
    this.#say(held, ended === undefined ? outcome : { ...outcome, ended })
    this.#hungry = true
    this.#exchange()
  }

  /** Its work has ended, after all had been said about it. */
  #release(held: Held): void {
    if (!this.#held.delete(held)) return
    held.job = { ...held.job, token: null }
    this.#say(held, { token: held.token, job: held.job, releaseOnly: true })
    this.#hungry = true
    this.#exchange()
  }

  /** Somebody cancelled a job: if it is ours, its handler is told, and its place is kept until that has ended. */
  #cancelled(job: JobRecord): void {
    if (job.token === null) return
    for (const held of this.#held) {
      if (held.job.id !== job.id || held.token !== job.token || held.settled) continue
      held.settled = true
      held.job = job
      stopRun(held, job.error?.message)
      if (held.ended) this.#release(held)
      return
    }
  }

  #report(held: Held, progress: unknown): void {
    if (held.settled) return
    held.progress = toJson(progress, 'Progress')
    this.#reportSoon()
  }

  /** Also of a handler that goes on though its job was cancelled: what it does then is worth knowing, too. */
  #log(held: Held, attempt: number, message: string): void {
    if (held.ended) return
    const lines = (held.lines ??= [])
    lines.push(logLine(this.#options.clock.now(), attempt, message))
    if (lines.length > KEPT_LINES) lines.shift()
    this.#reportSoon()
  }

  /** In a transaction of the handler's; what is said of the attempt afterwards counts for all only if that is rolled back. */
  #complete(held: Held, transaction: object, result: unknown): Deferred<void> {
    return maybeDeferred(() => {
      const { store, clock } = this.#options
      if (store.completeWithin === undefined) throw noTransactions()
      if (held.settled) throw new JobConflict('ERR_JOB_NOT_UNDERWAY', held.job)
      const text = toJson(result === undefined ? null : result, 'A result')
      const job = { ...held.job, startTime: held.run!.startTime ?? held.job.startTime, progress: held.progress ?? held.job.progress }
      const finished = transition(job, { type: 'finish', result: text, now: clock.now() })
      held.completes = true
      return store
        .completeWithin(transaction, finished, held.token)
        .addCallback((isDone) => {
          if (!isDone) throw new JobConflict('ERR_JOB_NOT_UNDERWAY', held.job)
        })
        .addErrback((failure) => {
          held.completes = false
          return failure
        })
    }) as Deferred<void>
  }

  #reportSoon(): void {
    if (this.#closed) return
    this.#reporting ??= this.#options.clock.setTimeout(() => {
      this.#reporting = undefined
      for (const held of this.#held) {
        if (held.settled) {
          if (held.lines !== undefined) this.#say(held, { token: held.token, job: held.job, releaseOnly: true })
          continue
        }
        if (held.progress === null && held.lines === undefined) continue
        if (held.progress !== null) held.job = transition(held.job, { type: 'report', progress: held.progress })
        held.progress = null
        this.#say(held, { token: held.token, job: held.job })
      }
      // Before what has been said since: it was first.
      this.#outcomes.unshift(...this.#putOff.splice(0))
      this.#exchange()
    }, REPORT_EVERY)
  }

  /** An outcome goes with the next exchange, and with it what was logged. */
  #say(held: Held, outcome: Outcome): void {
    this.#outcomes.push(held.lines === undefined ? outcome : { ...outcome, log: held.lines })
    held.lines = undefined
  }

  #refused({ token, job, releaseOnly }: Outcome): void {
    if (releaseOnly) return
    this.#options.onWarning(
      new Error(`A late result of job ${job.id} was refused: attempt ${token} had lost its lease, and another has the job`),
    )
  }

  #checkDrained(): void {
    if (!this.#stopping || this.#asked || this.#underway.size > 0 || this.#held.size > 0) return
    if (this.#outcomes.length > 0 || this.#putOff.length > 0) return
    this.leave()
  }
}

/** A job that is not to be done here now, after all. If its worker has retired by then, it has been put back already. */
function givenBack(job: JobRecord, ended: boolean): Outcome {
  const after = transition(job, { type: 'putBack' })
  return { token: job.token!, job: ended ? { ...after, token: null } : after, releaseOnly: true }
}

/** Cancels a run; one that has not even begun has nothing left to end. */
function stopRun(held: Held, reason: unknown): void {
  if (held.run?.state === 'pending') held.ended = true
  held.run?.cancel(reason)
}
