import { type Clock, type Deferred, type Job, maybeDeferred } from 'potoroo'
import { toJson } from './checks.ts'
import type { Attempt } from './durable-job.ts'
import { JobConflict, noTransactions } from './errors.ts'
import { KEPT_LINES, logLine, type LogLine } from './history.ts'
import type { JobRecord } from './record.ts'
import type { Outcome, QueueStore } from './store.ts'
import { transition } from './transition.ts'

/** What a held job has of its dispatcher. */
export interface HeldOwner {
  readonly store: QueueStore
  readonly clock: Clock
  /** A held job has something to be written. */
  readonly reportSoon: () => void
}

/** A claimed job in this process, from the claim until its work has really ended. */
export class Held implements Attempt {
  readonly token: string
  /** As the store has it, or will after the next exchange. */
  job: JobRecord
  run: Job<Held, unknown> | undefined = undefined
  /** Its work has ended: its place can be given back. */
  ended = false
  /** What became of it has been said, or is no longer this process's to say. */
  settled = false
  /** Its handler has completed it in a transaction: whether that is committed, the store will know. */
  completes = false
  /** Milliseconds since its handler has said anything, or was told anything: counted in looks. */
  silentFor = 0
  readonly #owner: HeldOwner
  readonly #attempt: number
  /** JSON text to be written with what is written next. */
  #progress: string | null = null
  /** Lines to be written with what is written next. */
  #lines: LogLine[] | undefined = undefined

  constructor(job: JobRecord, owner: HeldOwner) {
    this.token = job.token!
    this.job = job
    this.#owner = owner
    this.#attempt = job.attempt
  }

  get signal(): AbortSignal {
    return this.run!.signal
  }

  report(progress: unknown): void {
    if (this.settled) return
    this.#progress = toJson(progress, 'Progress')
    this.silentFor = 0
    this.#owner.reportSoon()
  }

  /** Also of a handler that goes on though its job was cancelled: what it does then is worth knowing, too. */
  log(message: string): void {
    if (this.ended) return
    this.silentFor = 0
    const lines = (this.#lines ??= [])
    lines.push(logLine(this.#owner.clock.now(), this.#attempt, message))
    if (lines.length > KEPT_LINES) lines.shift()
    this.#owner.reportSoon()
  }

  /** In a transaction of the handler's; what is said of the attempt afterwards counts for all only if that is rolled back. */
  complete(transaction: object, result: unknown): Deferred<void> {
    return maybeDeferred(() => {
      const { store, clock } = this.#owner
      if (store.completeWithin === undefined) throw noTransactions()
      if (this.settled) throw new JobConflict('ERR_JOB_NOT_UNDERWAY', this.job)
      const text = toJson(result === undefined ? null : result, 'A result')
      const finished = transition(this.asRun, { type: 'finish', result: text, now: clock.now() })
      this.completes = true
      return store
        .completeWithin(transaction, finished, this.token)
        .addCallback((isDone) => {
          if (!isDone) throw new JobConflict('ERR_JOB_NOT_UNDERWAY', this.job)
        })
        .addErrback((failure) => {
          this.completes = false
          return failure
        })
    }) as Deferred<void>
  }

  /** The job with when its handler was really called, which is a little after the claim, and what it has reported. */
  get asRun(): JobRecord {
    const { job, run } = this
    return { ...job, startTime: run!.startTime ?? job.startTime, progress: this.#progress ?? job.progress }
  }

  /** What it has reported and logged since it was asked last, if anything. */
  takeReport(): Outcome | undefined {
    if (this.settled) return this.#lines === undefined ? undefined : this.withLines({ token: this.token, job: this.job, releaseOnly: true })
    if (this.#progress === null && this.#lines === undefined) return undefined
    if (this.#progress !== null) this.job = transition(this.job, { type: 'report', progress: this.#progress })
    this.#progress = null
    return this.withLines({ token: this.token, job: this.job })
  }

  /** An outcome takes with it what was logged. */
  withLines(outcome: Outcome): Outcome {
    const log = this.#lines
    if (log === undefined) return outcome
    this.#lines = undefined
    return { ...outcome, log }
  }

  /** Cancels its run; one that has not even begun has nothing left to end. */
  stop(reason: unknown): void {
    if (this.run?.state === 'pending') this.ended = true
    this.silentFor = 0
    this.run?.cancel(reason)
  }
}

/** A job that is not to be done here now, after all. If its worker has retired by then, it has been put back already. */
export function givenBack(job: JobRecord, ended: boolean): Outcome {
  const after = transition(job, { type: 'putBack' })
  return { token: job.token!, job: ended ? { ...after, token: null } : after, releaseOnly: true }
}
