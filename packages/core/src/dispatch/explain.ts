import type { Engine } from './engine.ts'
import type { Job, JobState } from './job.ts'

/** Why a job is not running, and when it should. */
export interface Explanation {
  readonly state: JobState
  /** 1 for the next to start; null if it is not pending. */
  readonly position: number | null
  /**
   * What keeps it, or would keep it next, from starting: all places are taken (or there are none), the rate allows no
   * start, the queue is paused, or all that are underway wait for pending ones. Null if nothing does.
   */
  readonly blockedBy: 'width' | 'rate' | 'paused' | 'deadlock' | null
  /** In milliseconds by the queue's clock; null if nobody can say. */
  readonly estimatedStart: number | null
}

/** As `ResizableDispatchQueue.prototype.explain`. */
export function explain<A, R>(engine: Engine<A, R>, job: Job<A, R>, width: number, paused: boolean): Explanation {
  const state = job._state
  if (state !== 'pending') return { state, position: null, blockedBy: null, estimatedStart: null }
  const position = engine.line.position(job)
  const now = engine.now()
  if (paused) return { state, position, blockedBy: 'paused', estimatedStart: null }
  if (engine.deadlocks.certain) return { state, position, blockedBy: 'deadlock', estimatedStart: null }
  const full = engine.underway.length >= width
  const opens = engine.gate.copyWindow()?.nextTime(now) ?? now
  const start = estimate(engine, position, width, now)
  return {
    state,
    position,
    blockedBy: full ? 'width' : opens > now ? 'rate' : null,
    estimatedStart: start === undefined ? null : engine._epoch + start,
  }
}

/**
 * Plays through what is to come: each job takes as long as those before took on average, and starts when a place is free
 * and the rate allows.
 */
function estimate<A, R>({ underway, gate, outcomes }: Engine<A, R>, position: number, width: number, now: number): number | undefined {
  // Not known before the first job is over.
  const duration = Number.isNaN(outcomes.meanDuration) ? Infinity : outcomes.meanDuration
  // When places become free, soonest first.
  const ends: number[] = []
  for (const { _started = now } of underway) ends.push(Math.max(now, _started + duration))
  ends.sort((a, b) => a - b)
  // There may be more underway than the width allows now: the first that end leave no place.
  let next = Math.max(0, ends.length - width)
  let free = Math.max(0, width - ends.length)
  const window = gate.copyWindow()
  let time = now
  for (let n = 0; n < position; n++) {
    if (free > 0) free--
    else time = Math.max(time, ends[next++] ?? Infinity)
    if (time === Infinity) return undefined
    if (window !== undefined) {
      time = window.nextTime(time)
      window.take(time)
    }
    ends.push(time + duration)
  }
  return time
}
