import type { Clock } from '../clock.ts'
import type { Chain } from '../deferred/chain.ts'
import { maybeDeferred } from '../deferred/deferred.ts'
import { WAITING } from '../deferred/flags.ts'
import { CHAIN, eachPair, GIVE, TAP } from '../deferred/pairs.ts'
import type { LinkedList } from '../structures/linked-list.ts'
import type { Job } from './job.ts'
import { JobDeferred } from './job-deferred.ts'
import { QueueDeadlock } from './job-errors.ts'

/** How long nothing must move, in milliseconds, where it is not certain that handlers wait for what they have put. */
const STILL = 1000

/** How many of those that a handler has put are remembered, the latest: it may go on for long after they are over. */
const MOST_CHILDREN = 32

/** How many deferreds that wait for each other are followed. */
const DEEPEST = 1000

/** The queue, as its deadlocks see it. */
export interface Crowd<A, R> {
  readonly line: { readonly length: number }
  readonly underway: LinkedList<Job<A, R>>
  /** How many may be underway now. */
  readonly room: number
}

/**
 * Looks whether a queue's places are all taken by jobs that wait for pending ones of the same queue, and says so.
 *
 * It is certain where a handler returned a deferred: its chain is followed to what it waits for in the end. Nobody can look
 * into a promise; there it counts as waiting if the handler, before its first `await`, has put a job which is not over and
 * which a promise has taken on (by `await` or `Promise.all`, as opposed to a `catch` that only logs), or a combination of
 * deferreds; and then nothing must have moved for a second.
 *
 * It costs a look at one job, and more only as far as they wait, in each turn in which jobs are put though there is no room.
 */
export class Deadlocks<A, R> {
  /** Whether it waits for something to move, or not to. */
  alert = false
  readonly #crowd: Crowd<A, R>
  readonly #clock: Clock
  readonly #warn: (warning: QueueDeadlock) => void
  #due = false
  #timer: unknown

  constructor(crowd: Crowd<A, R>, clock: Clock, warn: (warning: QueueDeadlock) => void) {
    this.#crowd = crowd
    this.#clock = clock
    this.#warn = warn
  }

  /** A job was put by the handler that is being called, and is not over yet. */
  hasPut(parent: Job<A, R>, child: Job<A, R>): void {
    const children = (parent._more().children ??= [])
    if (children.push(child) > MOST_CHILDREN) children.shift()
    child._more()
  }

  /** There are pending jobs and no room: looks into it when whoever runs now has come to rest. */
  suspect(): void {
    if (this.#due || this.alert) return
    this.#due = true
    queueMicrotask(() => {
      this.#due = false
      if (!this.alert) this.#look()
    })
  }

  /** Something has moved: there is no deadlock, or no longer. */
  moved(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer)
    this.#timer = undefined
    this.alert = false
  }

  /** Whether no pending job can start, because all that are underway wait for them. */
  get certain(): boolean {
    return this.#isFull() && this.#all(waitsByChain)
  }

  #isFull(): boolean {
    const { line, underway, room } = this.#crowd
    return line.length > 0 && room > 0 && underway.length >= room
  }

  #look(): void {
    if (!this.#isFull() || !this.#all(waits)) return
    this.alert = true
    if (this.#all(waitsByChain)) this.#say()
    else this.#timer = this.#clock.setTimeout(() => this.#stillWaits(), STILL)
  }

  #stillWaits(): void {
    this.#timer = undefined
    if (this.#isFull() && this.#all(waits)) this.#say()
    else this.alert = false
  }

  #all(waits: (job: Job<A, R>) => boolean): boolean {
    for (const job of this.#crowd.underway) if (!waits(job)) return false
    return true
  }

  #say(): void {
    maybeDeferred(this.#warn, new QueueDeadlock([...this.#crowd.underway], this.#crowd.line.length))
  }
}

function waits<A, R>(job: Job<A, R>): boolean {
  return waitsByChain(job) || waitsForChild(job)
}

/** Whether the deferred of its work waits for a job of the same queue that is not over. */
function waitsByChain<A, R>(job: Job<A, R>): boolean {
  let chain: Chain | null = job._work
  // Deferreds may wait for each other in a ring.
  for (let depth = 0; depth < DEEPEST && chain !== null && chain._flags & WAITING; depth++) chain = chain._other as Chain
  if (!(chain instanceof JobDeferred) || chain.job._queue !== job._queue) return false
  return isToCome(chain.job as Job<A, R>)
}

/** Whether its handler put a job that is not over, and somebody waits for that. */
function waitsForChild<A, R>(job: Job<A, R>): boolean {
  const children = job._rare?.children
  return children !== undefined && children.some((child) => isToCome(child) && (child._rare?.adopted === true || isPassedOn(child)))
}

/** Whether it is pending, or it is underway and thus looked at by itself. */
function isToCome<A, R>({ _state }: Job<A, R>): boolean {
  return _state === 'pending' || _state === 'underway'
}

/** Whether the result goes on to another deferred: to one that waits for it, or to a combination. */
function isPassedOn<A, R>({ _deferred: deferred }: Job<A, R>): boolean {
  let passedOn = false
  if (deferred !== null) {
    eachPair(deferred, (_, kind) => {
      passedOn ||= kind === GIVE || kind === CHAIN || kind === TAP
    })
  }
  return passedOn
}
