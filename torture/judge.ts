import type { DurableJob } from '@potoroo/queue'
import { checkStarts, type LimitChange, type StartRecord } from '@potoroo/store-tests'
import { endsOf, givesReceipt, type Receipt, type Task } from './work/handlers.ts'
import type { LogLine } from './work/log.ts'
import type { Pause, WorkerProcess } from './work/worker-process.ts'

/** A change of the limits, made between `from` and `committed`. No two are the same. */
export interface Limits {
  readonly from: number
  readonly committed: number
  readonly width: number
  readonly rate: { readonly limit: number; readonly per: number } | null
}

/** The clock was being set, for all between `from` and `to`, to be wrong by `offset` ms. */
export interface Jump {
  readonly from: number
  readonly to: number
  readonly offset: number
}

export interface Evidence {
  readonly workers: readonly WorkerProcess[]
  readonly limits: readonly Limits[]
  /** All that is in the store, when all is at rest. */
  readonly jobs: readonly DurableJob<Task, Receipt>[]
  /** What the workers may have been warned of. */
  readonly mayWarn: RegExp
  /** What puts may have been refused with. */
  readonly mayRefuse: RegExp
  /** In order: a rate that is kept by the time of day may begin anew then. */
  readonly jumps: readonly Jump[]
}

type Start = Extract<LogLine, { type: 'start' }>

/** An attempt, as its worker wrote it down. */
interface Attempt extends Start, StartRecord {
  readonly worker: WorkerProcess
  /** Whether its end was written down. */
  readonly ended: boolean
  /** Begun by a worker that had slept since it claimed it: others may have the job by then. */
  readonly late: boolean
}

/** Holds what the workers wrote down against what the store says: what must not have happened, in words. */
export function judge(evidence: Evidence): string[] {
  const lines = new Map(evidence.workers.map((worker) => [worker, worker.lines]))
  const attempts = [...lines].flatMap(([worker, lines]) => attemptsOf(worker, lines))
  const all = [...lines.values()].flat()
  return [
    ...kept(all, evidence),
    ...recorded(attempts, evidence),
    ...heard(all, evidence),
    ...withinLimits(attempts, lines, evidence),
    ...expected(all, evidence),
  ]
}

function attemptsOf(worker: WorkerProcess, lines: readonly LogLine[]): Attempt[] {
  const ends = new Map<string, number>()
  for (const line of lines) if (line.type === 'end') ends.set(`${line.id} ${line.token}`, line.at)
  const blocks = lines.filter((line) => line.type === 'blocked').map(({ at, ms }): Pause => ({ from: at, by: at, to: at + ms }))
  const pauses = [...worker.pauses, ...blocks.filter(({ from, to }) => to - from > worker.order.lease / 2)]
  const death = lines.find(({ type }) => type === 'dying')?.at ?? worker.endedAt ?? null
  return lines
    .filter((line) => line.type === 'start')
    .map((start) => {
      const end = ends.get(`${start.id} ${start.token}`)
      // Asleep, it does nothing; and when it wakes up past its lease, what it does is nobody's any more.
      const asleep = Math.min(...pauses.filter(({ by }) => by >= start.at).map(({ from }) => from))
      const stop = Math.min(end ?? death ?? Infinity, asleep)
      return {
        ...start,
        start: start.at,
        worker,
        stop: stop === Infinity ? null : Math.max(stop, start.at),
        ended: end !== undefined,
        late: pauses.some(({ by, to }) => start.claimed <= by && start.at >= to),
      }
    })
}

/** What was acknowledged is there, and became what it had to. */
function kept(lines: readonly LogLine[], { jobs }: Evidence): string[] {
  const faults: string[] = []
  const there = new Set(jobs.map(({ id }) => id))
  for (const line of lines) if (line.type === 'put' && !there.has(line.id)) faults.push(`${line.id} was acknowledged, and is lost`)
  for (const { id, state, arg, error } of jobs) {
    if (!endsOf(arg.kind).includes(state)) faults.push(`${id} (${arg.kind}) is ${state}: ${error?.name} ${error?.message}`)
  }
  return faults
}

/** Each job's result is that of its last attempt, which came to its end; no token is used twice for a job. */
function recorded(attempts: readonly Attempt[], { jobs }: Evidence): string[] {
  const faults: string[] = []
  const byJob = new Map<string, Attempt[]>()
  for (const attempt of attempts) byJob.set(attempt.id, [...(byJob.get(attempt.id) ?? []), attempt])
  for (const job of jobs) {
    const own = byJob.get(job.id) ?? []
    if (new Set(own.map(({ token }) => token)).size < own.length) faults.push(`${job.id} was started twice with the same token`)
    if (job.state !== 'finished' || !givesReceipt(job.arg.kind)) continue
    const { token, attempt } = job.result!
    const its = own.find((each) => each.token === token)
    if (its === undefined || !its.ended) faults.push(`${job.id} has the result of an attempt that nobody made: ${token}`)
    else if (attempt !== job.attempt) faults.push(`${job.id} was finished by attempt ${job.attempt}, and has the result of attempt ${attempt}`)
    const later = its && own.find((each) => !each.late && each.claimed > its.claimed && each.at > its.at)
    if (later !== undefined) faults.push(`${job.id} has the result of ${token}, though ${later.token} was started after that`)
  }
  return faults
}

/** Whatever was told of a job that was over is what the store says: no result took another's place. */
function heard(lines: readonly LogLine[], { jobs }: Evidence): string[] {
  const byId = new Map(jobs.map((job) => [job.id, job]))
  const faults = new Set<string>()
  for (const line of lines) {
    if (line.type !== 'over') continue
    const job = byId.get(line.id)
    const result = job?.result === undefined ? null : JSON.stringify(job.result)
    if (job?.state !== line.state || result !== line.result) {
      faults.add(`${line.id} was ${line.state} with ${line.result}, and is ${job?.state} with ${result}`)
    }
  }
  return [...faults]
}

/** Width and rate were kept, by whoever had not been asleep past its lease. */
function withinLimits(attempts: readonly Attempt[], lines: ReadonlyMap<WorkerProcess, readonly LogLine[]>, evidence: Evidence): string[] {
  const faults: string[] = []
  const changes = evidence.limits.map(({ from, committed, width, rate }, index): LimitChange => {
    let until = committed
    for (const [worker, said] of lines) {
      const known = knewAt(worker, said, index, evidence)
      if (known === undefined) faults.push(`A worker never heard of width ${width} and rate ${JSON.stringify(rate)}`)
      else until = Math.max(until, known)
    }
    return { from, until, width, rate }
  })
  const valid = attempts.filter(({ late }) => !late)
  const judged = (what: string, among: readonly Attempt[], by: readonly LimitChange[]): void => {
    const violation = checkStarts(among, by)
    if (violation !== null) faults.push(`${what} was not kept: ${JSON.stringify(violation)}${context(among, violation)}`)
  }
  judged('The width', valid, changes.map(({ from, until, width }) => ({ from, until: until!, width: width! })))
  const rates = changes.map((change) => ({ ...change, width: Infinity }))
  const ends = [...evidence.jumps.map(({ from }) => from), Infinity]
  for (const [i, end] of ends.entries()) {
    const begin = evidence.jumps[i - 1]?.to ?? -Infinity
    judged('The rate', valid.filter(({ at }) => at > begin && at <= end), rates)
  }
  return faults
}

/** The starts around a violation, for whoever has to find out why. */
function context(attempts: readonly Attempt[], violation: NonNullable<ReturnType<typeof checkStarts>>): string {
  const [from, to] = violation.limit === 'rate' ? [violation.from, violation.to] : [violation.at, violation.at]
  return attempts
    .filter(({ at, stop }) => at <= to && (violation.limit === 'rate' ? at > from : (stop ?? Infinity) > from || at === to))
    .sort((a, b) => a.at - b.at)
    .map(({ id, claimed, at, stop, token, worker }) => `\n    ${worker.pid} ${id} ${token} claimed ${claimed}, from ${at} to ${stop}`)
    .concat([...new Set(attempts.flatMap(({ worker }) => worker.pauses.map((pause) => `\n    ${worker.pid} slept ${JSON.stringify(pause)}`)))])
    .join('')
}

/** From when on a worker went by these limits or later ones; undefined: it should have, and never did. */
function knewAt(worker: WorkerProcess, lines: readonly LogLine[], index: number, { limits }: Evidence): number | undefined {
  const { from, committed } = limits[index]!
  if (worker.began > committed || (worker.endedAt ?? Infinity) < from) return from
  const later = limits.slice(index).map(({ width, rate }) => JSON.stringify([width, rate]))
  const told = lines.find((line) => line.type === 'limits' && line.at >= from && later.includes(JSON.stringify([line.width, line.rate])))
  const asleep = worker.pauses.find(({ to }) => to >= from)
  const times = [told?.at, asleep && Math.max(asleep.from, from), lines.find(({ type }) => type === 'dying')?.at, worker.endedAt]
  return times.filter((time) => time !== undefined).sort((a, b) => a - b)[0]
}

/** Nothing started before its time, nobody was warned of anything, or refused, that nobody would expect. */
function expected(lines: readonly LogLine[], { mayWarn, mayRefuse, jumps }: Evidence): string[] {
  const faults = new Set<string>()
  for (const line of lines) {
    if (line.type === 'start' && line.runAt - line.claimed > setBackBy(line.at, jumps)) {
      faults.add(`${line.id} was started ${line.runAt - line.claimed} ms before its time`)
    }
    if (line.type === 'warning' && !mayWarn.test(`${line.code} ${line.message}`)) faults.add(`An unexpected warning: ${line.code} ${line.message}`)
    if (line.type === 'refused' && !mayRefuse.test(line.code)) faults.add(`A put was refused with ${line.code}`)
  }
  return [...faults]
}

/** By how much the clock may be behind what it was once: what was due then has been due since. */
function setBackBy(at: number, jumps: readonly Jump[]): number {
  const offsets = [0, ...jumps.filter(({ from }) => from <= at).map(({ offset }) => offset)]
  // In the middle of a jump some go by the one and some by the other.
  const present = jumps.some(({ from, to }) => from <= at && to >= at) ? offsets.slice(-2) : offsets.slice(-1)
  return Math.max(...offsets) - Math.min(...present)
}
