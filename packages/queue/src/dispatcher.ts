import { type Awaitable, type Clock, Deferred, type Job, ResizableDispatchQueue } from 'potoroo'
import { toJson } from './checks.ts'
import type { Attempt } from './durable-job.ts'
import { lookable, Permanent, rolledBack } from './errors.ts'
import { givenBack, Held, type HeldOwner } from './held.ts'
import type { AttemptRecord } from './history.ts'
import { lookAt } from './hung.ts'
import { standsStill } from './moving.ts'
import { afterFailure, type RetryRules } from './outcome.ts'
import type { JobRecord } from './record.ts'
import { type Exchange, type Exchanged, type News, type Outcome, type QueueStore, TOKEN_SEPARATOR, type Worker } from './store.ts'
import { transition } from './transition.ts'
import { Unsaid } from './unsaid.ts'

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

/** Milliseconds between writings of progress and logs, and after which an exchange that failed is tried again. */
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
  readonly #owner: HeldOwner
  readonly #unsaid = new Unsaid()
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
    this.#owner = { store: options.store, clock: options.clock, reportSoon: () => this.#reportSoon() }
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

  /** Looks for handlers that hang, `elapsed` ms after the last look. */
  look(elapsed: number): void {
    for (const held of this.#held) {
      const warning = lookAt(held, elapsed)
      if (warning !== undefined) this.#options.onWarning(warning)
    }
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
      held.stop(new Error('This process lost its lease on the job'))
      if (held.ended) this.#held.delete(held)
    }
    this.#unsaid.forgetOutcomes()
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
      held.stop(reason)
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
    return paused || standsStill(move) || Math.max(heldUntil, this.#unsaid.holdUntil) > this.#options.clock.now()
  }

  #exchange(): void {
    if (this.#asked || this.#closed || this.#underway.size >= this.#most()) return
    const claims = this.#hungry && this.#room() > 0
    if (!claims && this.#unsaid.isEmpty) return
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

  /** Everything to be said now, and how much there is room for; `before` is an earlier try, which was rolled back. */
  #gather(before: Exchange | undefined): Exchange {
    if (before !== undefined) this.#underway.delete(before)
    const hungry = this.#hungry || (before !== undefined && before.places > 0)
    const room = hungry ? this.#room() : 0
    const places = Math.min(room, Math.ceil(this.#options.localWidth() / this.#most()))
    const exchange: Exchange = {
      worker: this.#options.worker,
      ...this.#unsaid.take(before),
      places,
      token: this.#options.worker.id + TOKEN_SEPARATOR + String(++this.#exchanges),
      now: this.#options.clock.now(),
    }
    this.#hungry = places < room
    this.#asked = false
    this.#underway.add(exchange)
    return exchange
  }

  #exchanged(sent: Exchange, { accepted, putOff = [], claimed, rated, wakeAt }: Exchanged): void {
    this.#underway.delete(sent)
    for (const i of putOff) this.#unsaid.putOff(sent.outcomes[i]!)
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
      else this.#unsaid.end(givenBack(job, true))
    }
    if (rated && claimed.length > 0) this.#unsaid.start(sent.token, this.#startedAt())
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
      this.#unsaid.giveBack(sent)
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
    const held = new Held(job, this.#owner)
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
    const job = held.asRun
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
    this.#unsaid.hold(after.holdUntil)
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
      held.stop(job.error?.message)
      if (held.ended) this.#release(held)
      return
    }
  }

  #reportSoon(): void {
    if (this.#closed) return
    this.#reporting ??= this.#options.clock.setTimeout(() => {
      this.#reporting = undefined
      for (const held of this.#held) {
        const report = held.takeReport()
        if (report !== undefined) this.#unsaid.end(report)
      }
      this.#unsaid.sayAgain()
      this.#exchange()
    }, REPORT_EVERY)
  }

  /** An outcome goes with the next exchange, and with it what was logged. */
  #say(held: Held, outcome: Outcome): void {
    this.#unsaid.end(held.withLines(outcome))
  }

  #refused({ token, job, releaseOnly }: Outcome): void {
    if (releaseOnly) return
    this.#options.onWarning(
      new Error(`A late result of job ${job.id} was refused: attempt ${token} had lost its lease, and another has the job`),
    )
  }

  #checkDrained(): void {
    if (!this.#stopping || this.#asked || this.#underway.size > 0 || this.#held.size > 0 || this.#unsaid.hasOutcomes) return
    this.leave()
  }
}
