import { JobMoved, JobNotFound, MoveError, QueueArriving, QueueMoved } from './errors.ts'
import type { StoredHistory } from './history.ts'
import type { Declared, QueueSettings, QueueStatus } from './store.ts'

/**
 * A queue that moves from one store to another, as each of the two has it marked. It is part of the settings, so that
 * every process goes by it.
 *
 * ```
 *   in the old store      ──first step──▶ leaving ──when nothing is there any more──▶ left
 *   in the new one, empty ──first step──▶ arriving ──with the last step──▶ arrived
 * ```
 *
 * Leaving, it starts nothing, and takes what is put; arriving, it can only be looked at. So at any time there is one
 * store at most that has a job and may start it, or none.
 */
export interface QueueMove {
  readonly state: 'leaving' | 'left' | 'arriving' | 'arrived'
  /** The same in both stores. */
  readonly id: string
  /** Jobs that have gone over, and are known to have arrived; or that have come over. */
  readonly jobs: number
  /** Jobs that are checked out, and not known to have arrived. */
  readonly outbox: number
}

/** A job on its way from one store to another: all of it. */
export interface MovingJob extends StoredHistory {
  /** Where it stands in the line among equals. */
  readonly place: number
  /** Not in the line yet: it joins it at its `runAt`. */
  readonly delayed: boolean
  /** When it was over among all that are, counted from 1; 0 if it is not. */
  readonly ended: number
}

/** One step of a queue that leaves its store. */
export interface Departure {
  /** The move's id. */
  readonly move: string
  /** Of those that are checked out, the ids of the ones that have arrived. */
  readonly delivered: readonly string[]
  /** Check out at most this many, if none are by now. */
  readonly limit: number
  readonly now: number
}

export interface Departed {
  /** What is checked out, in order of arrival. */
  readonly jobs: readonly MovingJob[]
  /** How the queue stands after it; its move is `left` if there was nothing any more. */
  readonly status: QueueStatus
  readonly declared: Declared
}

/** One step of a queue that comes to a store. */
export interface Arrival {
  /** The move's id. */
  readonly move: string
  /** In the order in which they were checked out. */
  readonly jobs: readonly MovingJob[]
  /** With the last step: what holds for the queue from now on, and what was declared for it. */
  readonly landing: { readonly settings: Omit<QueueSettings, 'move'>; readonly declared: Declared } | null
}

/** What {@link Departed} holds at most: jobs, and characters of what is theirs. At least one job, however long. */
export const OUTBOX_LENGTH = 16 * 1024 * 1024

/**
 * The mark of a queue before a step of its leaving. Another move may take over from one that has brought nothing over:
 * that one went away, or had another store in mind.
 *
 * @throws MoveError ERR_MOVE_ELSEWHERE
 */
export function leaving(queue: string, mark: QueueMove | null, id: string): QueueMove {
  if (mark === null || mark.state === 'arrived') return { state: 'leaving', id, jobs: 0, outbox: 0 }
  if (mark.id === id && mark.state !== 'arriving') return mark
  if (mark.state === 'leaving' && mark.jobs === 0) return { ...mark, id }
  throw new MoveError('ERR_MOVE_ELSEWHERE', queue)
}

/**
 * The mark of a queue before a step of its arriving; `empty` is whether it has no job. Arrived, it takes no more.
 *
 * @throws MoveError ERR_QUEUE_EXISTS or ERR_MOVE_ELSEWHERE
 */
export function arriving(queue: string, mark: QueueMove | null, id: string, empty: boolean): QueueMove {
  if (mark?.id === id && (mark.state === 'arriving' || mark.state === 'arrived')) return mark
  if (mark?.state === 'leaving' || (mark?.state === 'arriving' && !empty)) throw new MoveError('ERR_MOVE_ELSEWHERE', queue)
  if (!empty) throw new MoveError('ERR_QUEUE_EXISTS', queue)
  return { state: 'arriving', id, jobs: 0, outbox: 0 }
}

/** Whether a queue starts nothing because it moves, or has moved. */
export function standsStill(mark: QueueMove | null): boolean {
  return mark !== null && mark.state !== 'arrived'
}

/** Whether jobs of a queue have left its store, or will. */
export function isLeaving(mark: QueueMove | null): boolean {
  return mark !== null && (mark.state === 'leaving' || mark.state === 'left')
}

/**
 * Before anything is put, or changed.
 *
 * @throws QueueMoved or QueueArriving if that is to be done in the queue's other store
 */
export function checkHere(queue: string, mark: QueueMove | null): void {
  if (mark?.state === 'left') throw new QueueMoved(queue)
  if (mark?.state === 'arriving') throw new QueueArriving(queue)
}

/** The error of a job that is not here. */
export function missing(id: string, queue: string, mark: QueueMove | null): JobMoved | QueueArriving | JobNotFound {
  if (mark?.state === 'arriving') return new QueueArriving(queue)
  return isLeaving(mark) ? new JobMoved(id) : new JobNotFound(id)
}
