import type { BlockedBy, Explanation } from './api.ts'
import { standsStill } from './moving.ts'
import type { Facts } from './store.ts'

/** Why a job is not running, and when it should. */
export function explain(facts: Facts, now: number): Explanation {
  const { job, status, ahead } = facts
  if (job.state !== 'pending') {
    return { state: job.state, position: null, blockedBy: null, estimatedStart: null }
  }
  const waits = job.runAt > now || job.token !== null
  const blockedBy = blocker(facts, now, waits)
  return {
    state: job.state,
    position: waits ? null : ahead + 1,
    blockedBy,
    estimatedStart: estimate(facts, now, blockedBy),
  }

  function blocker({ hasWorkers, rateOpensAt }: Facts, at: number, notInLine: boolean): BlockedBy | null {
    if (standsStill(status.move)) return 'moving'
    if (status.paused) return 'paused'
    if (!hasWorkers) return 'no-worker'
    if (notInLine) return 'delay'
    if (status.heldUntil > at) return 'held'
    if (status.places + ahead >= status.width) return status.places < status.width && rateOpensAt > at ? 'rate' : 'width'
    return rateOpensAt > at || (status.rate !== null && ahead >= status.rate.limit) ? 'rate' : null
  }
}

/** A guess: the places become free at the pace of the last jobs, and the rate lets so many through per window. */
function estimate({ job, status, ahead, rateOpensAt, meanDuration }: Facts, now: number, blockedBy: BlockedBy | null): number | null {
  if (blockedBy === 'moving' || blockedBy === 'paused' || blockedBy === 'no-worker' || status.width === 0) return null
  const from = Math.max(now, status.heldUntil, job.runAt)
  const { rate, width, places } = status
  const byRate = rate === null ? from : Math.max(from, rateOpensAt) + Math.floor(ahead / rate.limit) * rate.per
  const rounds = Math.max(0, Math.ceil((places + ahead + 1) / width) - 1)
  if (rounds === 0) return byRate
  if (meanDuration === null) return blockedBy === 'width' ? null : byRate
  return Math.ceil(Math.max(byRate, from + rounds * meanDuration))
}
