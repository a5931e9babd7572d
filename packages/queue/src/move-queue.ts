import { type Clock, Deferred, inlineCallbacks, succeed, systemClock, usageError } from 'potoroo'
import { MoveError } from './errors.ts'
import { makeId, makeWorkerId } from './id.ts'
import { type Arrival, type Departed, isLeaving } from './moving.ts'
import type { QueueStore, Store } from './store.ts'
import { clockOf } from './wall-clock.ts'

/** How far a move has come. */
export interface MoveProgress {
  readonly queue: string
  /** Jobs that have arrived in the new store, in earlier runs of this move too. */
  readonly moved: number
  /** Jobs that are still to come over. */
  readonly remaining: number
  /** How many of them hold a place in the old store: they come when their handlers have ended. */
  readonly underway: number
}

export interface MoveOptions {
  /** Called after each step. */
  readonly onProgress?: (progress: MoveProgress) => void
  readonly clock?: Clock
}

/** Jobs that go over in one step. */
const AT_ONCE = 500
/** Milliseconds between looks whether somebody has died whose jobs are waited for. */
const LOOK_EVERY = 1_000

/**
 * Moves a queue from one store to another, with all its jobs, whatever their state, and with their ids, priorities, order,
 * attempts, keys, times, results, histories, and the queue's settings. It may be in use: see the guide for what its
 * producers and workers see.
 *
 * Each step is one transaction in one of the stores, so a move may be interrupted anywhere, by a cancel or a `kill -9`: run
 * again, with the same stores, it goes on where it was, and nothing is lost and nothing comes twice. From its first step
 * to its last nothing of the queue is started, in neither store. What is underway is waited for, in the old store.
 *
 * A rate goes on as if nothing had happened: the queue is held back for its `per`, counted from the end of the move.
 *
 * Fires with how it stands when all is done; moved a second time, a queue is left as it is. Fails with MoveError:
 * ERR_QUEUE_NOT_FOUND, ERR_QUEUE_EXISTS if there is a queue of this name with jobs in the new store, ERR_MOVE_ELSEWHERE if
 * it is being moved, or was moved, to another store; with StoreError if one of the stores fails; with a TypeError
 * ERR_SAME_STORE. Cancelled, it fails with CancelledError after the step at hand. O(n) in the number of jobs; 500 of them are
 * in memory at a time.
 *
 * @param name of the queue; `from.queues()` gives all names
 *
 * @example
 * const before = memoryStore()
 * const after = sqliteStore('moved.db')
 * const queue = await openQueue({ name: 'letters', store: before })
 * await queue.put('Dear Ada')
 * await queue.stop()
 * const { moved } = await moveQueue(before, after, 'letters') // moved is 1
 */
export function moveQueue(from: Store, to: Store, name: string, options: MoveOptions = {}): Deferred<MoveProgress> {
  return move(from, to, name, options)
}

const move = inlineCallbacks(function* (from: Store, to: Store, name: string, options: MoveOptions) {
  if (from === to) throw sameStore()
  if (!(yield* from.queues()).includes(name)) throw new MoveError('ERR_QUEUE_NOT_FOUND', name)
  const bell = new Bell(options.clock ?? systemClock)
  const source = yield* from.open(name, {}, () => bell.ring())
  try {
    const target = yield* to.open(name, {}, () => undefined)
    try {
      return yield* carry(source, target, name, bell, options)
    } finally {
      yield* target.close()
    }
  } finally {
    yield* source.close()
  }
})

const carry = inlineCallbacks(function* (source: QueueStore, target: QueueStore, name: string, bell: Bell, { onProgress, clock: given }: MoveOptions) {
  const clock = clockOf(source, given)
  const looker = makeWorkerId()
  const move = yield* begin(source, target, name, clock.now())
  let delivered: readonly string[] = []
  let looked: number | undefined
  for (;;) {
    const now = clock.now()
    if (looked === undefined || Math.abs(now - looked) >= LOOK_EVERY) {
      // At most so long ago, as far as anybody can tell: the clock may have been set.
      yield* source.recover(() => clock.now(), looked === undefined ? 0 : LOOK_EVERY, looker)
      looked = now
    }
    const step: Departed = yield* source.depart({ move, delivered, limit: AT_ONCE, now })
    const progress = progressOf(name, step)
    onProgress?.(progress)
    if (step.status.move!.state === 'left') {
      yield* target.arrive({ move, jobs: [], landing: landingOf(step, clockOf(target, given).now()) })
      return progress
    }
    delivered = step.jobs.map(({ job }) => job.id)
    if (step.jobs.length > 0) yield* target.arrive({ move, jobs: step.jobs, landing: null })
    else yield* bell.wait(LOOK_EVERY)
  }
})

/**
 * Gives the move's id, which both stores know before anything leaves the old one. The new one is told first: a move that
 * goes away in between has done no harm.
 */
const begin = inlineCallbacks(function* (source: QueueStore, target: QueueStore, name: string, now: number) {
  const begun = source.settings.move
  if (isLeaving(begun)) {
    if (target.settings.move?.id === begun!.id) {
      // Where a move goes to, it is never leaving: one store by two names, which would be taken for where it has arrived.
      if (isLeaving(target.settings.move)) throw sameStore()
      return begun!.id
    }
    // Jobs are in the store that it began with.
    if (begun!.state === 'left' || begun!.jobs > 0) throw new MoveError('ERR_MOVE_ELSEWHERE', name)
  }
  if (begun?.state === 'arriving') throw new MoveError('ERR_MOVE_ELSEWHERE', name)
  const move = makeId(now)
  yield* target.arrive({ move, jobs: [], landing: null })
  const { move: mark, width, rate, paused, heldUntil } = yield* source.status()
  if (mark?.id === move) {
    // One store by two names: as if nothing had been.
    yield* target.arrive({ move, jobs: [], landing: { settings: { width, rate, paused, heldUntil }, declared: {} } })
    yield* source.update({ width, rate, paused })
    throw sameStore()
  }
  return move
})

function sameStore(): TypeError {
  return usageError(TypeError, 'ERR_SAME_STORE', 'A queue is moved from one store to another; name two')
}

function progressOf(queue: string, { status }: Departed): MoveProgress {
  const { move, counts, places } = status
  const there = Object.values(counts).reduce((sum, n) => sum + n, 0)
  return { queue, moved: move!.jobs, remaining: there + move!.outbox, underway: places }
}

/** The settings go over as they are. What has started there is forgotten: it must be out of the rate's window by then. */
function landingOf({ status, declared }: Departed, now: number): NonNullable<Arrival['landing']> {
  const { width, rate, paused, heldUntil } = status
  return { settings: { width, rate, paused, heldUntil: rate === null ? heldUntil : Math.max(heldUntil, Math.ceil(now + rate.per)) }, declared }
}

/** Rings with news of a queue. If nobody waits, whoever does so next hears it at once. */
class Bell {
  readonly clock: Clock
  #rung = false
  #ring: (() => void) | undefined

  constructor(clock: Clock) {
    this.clock = clock
  }

  ring(): void {
    this.#rung = true
    this.#ring?.()
  }

  /** Fires when it rings, or after so many milliseconds. */
  wait(ms: number): Deferred {
    if (this.#rung) {
      this.#rung = false
      return succeed()
    }
    const over = (): void => {
      this.clock.clearTimeout(timer)
      this.#ring = undefined
      this.#rung = false
    }
    const waiting = new Deferred(over)
    const end = (): void => {
      over()
      waiting.callback()
    }
    this.#ring = end
    const timer = this.clock.setTimeout(end, ms)
    return waiting
  }
}
