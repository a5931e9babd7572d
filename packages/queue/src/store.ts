import type { Deferred } from 'potoroo'
import type { AttemptRecord, LogLine, StoredHistory } from './history.ts'
import type { Arrival, Departed, Departure, QueueMove } from './moving.ts'
import type { JobError, JobRecord, JobState } from './record.ts'

/** At most `limit` starts in any window of `per` milliseconds. */
export interface Rate {
  readonly limit: number
  readonly per: number
}

/** What a program asks for when it opens a queue; left out, it has no opinion. */
export interface Declared {
  readonly width?: number
  readonly rate?: Rate | null
}

/** What holds for a queue in every process. */
export interface QueueSettings {
  /** How many jobs may be underway at once over all processes; may be Infinity. */
  readonly width: number
  readonly rate: Rate | null
  readonly paused: boolean
  /** Nothing starts before this time (a RetryAfter asked for it). */
  readonly heldUntil: number
  /** How it moves, or has moved, from or to another store; null if it never has. */
  readonly move: QueueMove | null
}

/** A change to the settings; what is left out stays. */
export interface SettingsPatch {
  readonly width?: number
  readonly rate?: Rate | null
  readonly paused?: boolean
}

export type Counts = Readonly<Record<JobState, number>>

/** A queue as it stands. O(1). */
export interface QueueStatus extends QueueSettings {
  readonly counts: Counts
  /** Places taken: jobs underway, and handlers that have not ended though their job was cancelled or timed out. */
  readonly places: number
  /** When the next job waiting for its time is due, or null. */
  readonly nextDue: number | null
}

/** A job to be put: checked, and its argument made JSON text. */
export interface NewJob {
  readonly id: string
  readonly arg: string
  readonly priority: number
  readonly runAt: number
  readonly key: string | null
  readonly maxAttempts: number
  readonly timeout: number | null
}

/** What became of a job that was put. */
export interface Put {
  readonly job: JobRecord
  /** False if there was one with its key: then that one is given. */
  readonly isNew: boolean
}

/** A worker: one dispatcher's hold on a queue, alive while its lease is renewed. */
export interface Worker {
  /** Unique, never used again. */
  readonly id: string
  /** Milliseconds that its jobs stay its own without a word from it. */
  readonly lease: number
}

/** What separates a worker's id from the number of the exchange in an attempt token. */
export const TOKEN_SEPARATOR = '.'

/** What a handler's run came to, as the job that is to be recorded. */
export interface Outcome {
  /** The attempt it is about: refused unless the stored job still has this token. */
  readonly token: string
  /** The job after the transition. If the stored one is no longer underway, only the release counts. */
  readonly job: JobRecord
  /** It says nothing of a result, only gives the job or its place back, and may come too late to matter. */
  readonly releaseOnly?: true
  /** The attempt as it is to be kept in the job's history: it has failed. Kept only if the outcome is recorded. */
  readonly ended?: AttemptRecord
  /** What the handler has logged since the last outcome. Kept while the stored job has the token, whatever its state. */
  readonly log?: readonly LogLine[]
}

/** One round trip of a dispatcher: what has happened, and how many jobs it has room for. */
export interface Exchange {
  readonly worker: Worker
  readonly outcomes: readonly Outcome[]
  /** Claims of earlier exchanges whose handlers were started, by token, and when: a rate counts from then. */
  readonly started: readonly { readonly token: string; readonly at: number }[]
  /** Hold the whole queue back until then, at least; 0 for not. */
  readonly holdUntil: number
  /** Claim at most this many. */
  readonly places: number
  /** The token of all that is claimed: unique to this exchange. */
  readonly token: string
  readonly now: number
}

export interface Exchanged {
  /** Per outcome: whether it was recorded. False: the attempt had been taken away; its result counts for nothing. */
  readonly accepted: readonly boolean[]
  /** Outcomes, by their indices, that could not be recorded yet, as a transaction of somebody's may complete the job: say them again. */
  readonly putOff?: readonly number[]
  /** Each is underway now, with the exchange's token, in the order to start them. */
  readonly claimed: readonly JobRecord[]
  /** They count towards a rate, from when they are started: say so in the next exchange. Until then they count as now. */
  readonly rated: boolean
  /** Ask again at this time even if nothing is heard: something falls due then. Null: only when there is news. */
  readonly wakeAt: number | null
}

/** A command about one job. */
export type Change =
  | { readonly type: 'cancel'; readonly error: JobError | null }
  | { readonly type: 'reprioritize'; readonly priority: number }
  | { readonly type: 'retry' }

/** A stretch of a list of jobs. `after` is a `next` of the same list. */
export interface ListOptions {
  /** Left out: all, in order of arrival; underway: likewise. Pending: as they will start. Over: the latest first. */
  readonly state?: JobState
  readonly after?: string
  readonly limit: number
}

export interface JobList {
  readonly jobs: readonly JobRecord[]
  readonly next: string | null
}

/** What it takes to say why a job is not running. */
export interface Facts {
  readonly job: JobRecord
  readonly status: QueueStatus
  /** Jobs that will start before it; 0 unless it is in line. */
  readonly ahead: number
  /** Whether anybody is there to run it. */
  readonly hasWorkers: boolean
  /** When the rate allows another start. */
  readonly rateOpensAt: number
  /** Milliseconds that the last jobs took on average, or null if none has finished. */
  readonly meanDuration: number | null
}

/** Something was committed, by this process or another. */
export interface News {
  /**
   * Jobs as they stand now. Those of other processes may be left out, except the ones that are cancelled and, for whoever waits
   * for them, all that are over.
   */
  readonly jobs: readonly JobRecord[]
  /** The settings, if they may have changed. */
  readonly settings: QueueSettings | null
  /** Whether another process had a part: then more may have changed than `jobs` says. */
  readonly foreign: boolean
  /**
   * Whether, of the jobs that others have ended, some may not be in `jobs`, because they are not over any more: they were
   * deleted before this process looked, or retried, or have left. Whoever waits for a job has to look for it. False if nobody waits.
   */
  readonly missed: boolean
}

/** How long jobs are kept that are over, in milliseconds. */
export interface Retention {
  readonly finished: number
  readonly failed: number
}

/**
 * One queue in a store. Each operation is atomic: when its deferred fires, it is committed as durably as the store
 * promises; when it fails, nothing of it has happened. Operations take effect in the order they were asked for. Those of
 * one moment may share a commit.
 */
export interface QueueStore {
  readonly settings: QueueSettings

  /**
   * True if answers are on their way for a while: while there is much to do, a dispatcher then asks for its next exchange
   * before it has worked on the last, so that store and handlers are both at work.
   */
  readonly isRemote?: true

  /**
   * By how many milliseconds the time of day of this process is ahead of the store's, by which everything in it goes. It may
   * change at any time. Left out: they are one.
   */
  readonly skew?: number | undefined

  /**
   * Adds jobs, all or none. `size` is how many may be pending.
   * Fails with QueueOverflow if they do not fit, QueueMoved or QueueArriving if the queue is not here.
   */
  put(jobs: readonly NewJob[], options: { readonly size: number; readonly now: number }): Deferred<Put[]>

  /**
   * As `put`, in a transaction of the caller's: the jobs are there once that is committed. Left out where there are none to
   * join. Fails with TypeError ERR_INVALID_TRANSACTION if it is none.
   */
  putWithin?(transaction: object, jobs: readonly NewJob[], options: { readonly size: number; readonly now: number }): Deferred<Put[]>

  /**
   * Records that an attempt has finished its job, in a transaction of the caller's; fires with false if the attempt had been
   * taken away. Until the transaction has ended, the attempt cannot be taken away any more, and an outcome that is said of it
   * in an exchange is put off. The outcome counts for the attempt's end only, or, if the transaction was rolled back, for all.
   */
  completeWithin?(transaction: object, job: JobRecord, token: string): Deferred<boolean>

  /**
   * Records outcomes, then claims what width, rate, pause and hold allow, in order; for a worker that has its lease, for
   * nobody would take back what another has. `make` is called when its turn comes, so that whatever ends until then goes
   * into the same commit; it may be called again if the commit is.
   */
  exchange(make: () => Exchange): Deferred<Exchanged>

  /** Renews a worker's lease; fires with false if it had been lost, and its jobs with it. */
  renew(worker: Worker, now: number): Deferred<boolean>

  /** Ends a worker: what it still holds is put back without counting the attempt. */
  retire(worker: Worker, now: number): Deferred<void>

  /**
   * Takes back the jobs of workers that are dead: silent for their lease's length, or known to be gone otherwise.
   * `elapsed` is how many ms ago `looker` looked last: silence is counted in looks, because a clock that was set
   * forward must not cost a live worker its lease. `now` is asked when they are known to be gone: what they claimed and never
   * spoke of may have started as late as that. Fires with the number of jobs taken back.
   */
  recover(now: () => number, elapsed: number, looker: string): Deferred<number>

  /** Fails with JobNotFound or JobConflict; a job is not retried while another with its key is pending or underway. */
  change(id: string, change: Change, now: number): Deferred<JobRecord>

  /** Cancels up to `limit` of what is pending; fires with how many. */
  clear(limit: number, now: number): Deferred<number>

  update(patch: SettingsPatch): Deferred<QueueStatus>

  job(id: string): Deferred<JobRecord | undefined>

  /**
   * What is kept of a job's past: the attempts that {@link Outcome.ended} told of, those that a cancel or a worker's death
   * ended (`endedAttempt` says how), and the log; of each the latest, as many as KEPT_ATTEMPTS and KEPT_LINES say.
   * They are deleted with the job.
   */
  history(id: string): Deferred<StoredHistory | undefined>

  list(options: ListOptions): Deferred<JobList>

  status(): Deferred<QueueStatus>

  facts(id: string, now: number): Deferred<Facts | undefined>

  /** Deletes some of what has been over for longer than is kept; fires with how many: zero means that is all. */
  prune(retention: Retention, now: number): Deferred<number>

  /**
   * One step of the queue's leaving for another store. In one transaction: forgets those that have arrived; if none are
   * checked out, checks out jobs in order of arrival, up to the first that holds a place; and if there is nothing any more,
   * no job, no place and nothing checked out, marks the queue as having left. A job that is checked out is whole, in the
   * store, and no longer in the queue; its key stays taken if it is pending.
   *
   * From the first step on nothing is claimed. When it has left, whatever would put or change something fails with
   * QueueMoved. Fails with MoveError ERR_MOVE_ELSEWHERE if another move of the queue has begun.
   */
  depart(step: Departure): Deferred<Departed>

  /**
   * One step of the queue's arriving from another store: takes jobs as they are, those that are here left alone. The first
   * one marks the queue: until the last, which brings its settings, nothing is claimed, joins the line or is deleted, and
   * whatever would put or change something fails with QueueArriving. What was declared here meanwhile holds after it, if it
   * is not what was declared there.
   *
   * Once it has arrived, nothing is taken any more. Fails with MoveError: ERR_QUEUE_EXISTS if the queue has jobs of its own,
   * ERR_MOVE_ELSEWHERE if another move of it has begun.
   */
  arrive(step: Arrival): Deferred<QueueStatus>

  /** Lets go of the queue; the store closes with its last one. Operations under way are finished first, later ones fail. */
  close(): Deferred<void>
}

/** What keeps queues. Opening the first queue opens it. */
export interface Store {
  /**
   * Opens a queue, made if there is none. A declared width or rate that differs from the one declared last replaces what
   * holds; otherwise what holds stays, though it was set live. `listener` hears of every commit that touches the queue.
   *
   * `waits` says whether anybody here waits for jobs that others may end (left out: always): all that several processes end
   * would be read by each of them, and is by those that have to. Whoever begins to wait looks for what he waits for, once.
   *
   * Fails with StoreError: ERR_STORE_OPEN if it cannot be opened, ERR_STORE_NEWER if a newer program made it,
   * ERR_STORE_CORRUPT if it is damaged.
   */
  open(queue: string, declared: Declared, listener: (news: News) => void, waits?: () => boolean): Deferred<QueueStore>

  /** The names of the queues that there are, those that have left included. Fails as `open` does. */
  queues(): Deferred<string[]>
}

/** The width of a queue for which nobody has declared one. */
export const DEFAULT_WIDTH = 10
