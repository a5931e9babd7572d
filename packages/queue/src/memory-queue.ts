import { PotorooError, QueueOverflow, SlidingWindow } from 'potoroo'
import type { EngineQueue, Notes } from './engine.ts'
import { JobConflict, JobNotFound } from './errors.ts'
import { type AttemptRecord, endedAttempt, KEPT_ATTEMPTS, KEPT_LINES, type LogLine, type StoredHistory } from './history.ts'
import { MemoryLine } from './memory-line.ts'
import { isOver, type JobRecord, type JobState } from './record.ts'
import { moved, setBack } from './set-back.ts'
import {
  type Change,
  type Declared,
  DEFAULT_WIDTH,
  type Exchange,
  type Exchanged,
  type Facts,
  type JobList,
  type ListOptions,
  type NewJob,
  type Outcome,
  type Put,
  type QueueSettings,
  type QueueStatus,
  type Retention,
  type SettingsPatch,
  TOKEN_SEPARATOR,
  type Worker,
} from './store.ts'
import { type JobEvent, newRecord, transition } from './transition.ts'

/** A job in memory, and where it stands. */
interface Entry {
  readonly seq: number
  job: JobRecord
  /** In the line, among equals. */
  place: number
  /** Counts up with every job that is over. */
  ended: number
  /** Undefined for the many jobs of which there is nothing to keep. */
  attempts?: readonly AttemptRecord[]
  log?: readonly LogLine[]
}

const SAMPLE = 50

/** One queue in memory. What a program that dies loses is all that sets it apart from one on a disk. */
export class MemoryQueue implements EngineQueue {
  readonly name: string
  readonly notes: Notes = { jobs: [], settings: null, foreign: false }
  #settings: QueueSettings = { width: DEFAULT_WIDTH, rate: null, paused: false, heldUntil: 0 }
  #declared: Declared = {}
  readonly #entries = new Map<string, Entry>()
  readonly #keys = new Map<string, Entry>()
  readonly #line = new MemoryLine<Entry>()
  /** Pending, and not in line until their time: by that. */
  readonly #due = new MemoryLine<Entry>()
  readonly #holding = new Set<Entry>()
  readonly #workers = new Set<string>()
  readonly #counts: Record<JobState, number> = { pending: 0, underway: 0, finished: 0, failed: 0, cancelled: 0 }
  #window: SlidingWindow | undefined
  #seq = 0
  #joined = 0
  #ended = 0
  /** When it was last told the time. */
  #lastNow = -Infinity

  constructor(name: string) {
    this.name = name
  }

  get settings(): QueueSettings {
    return this.#settings
  }

  declare(declared: Declared): void {
    const { width, rate } = declared
    const patch: { width?: number; rate?: SettingsPatch['rate'] } = {}
    if (width !== undefined && width !== this.#declared.width) patch.width = width
    if (rate !== undefined && JSON.stringify(rate) !== JSON.stringify(this.#declared.rate)) patch.rate = rate
    this.#declared = { ...this.#declared, ...declared }
    if (Object.keys(patch).length > 0) this.update(patch as SettingsPatch)
  }

  put(jobs: readonly NewJob[], { size, now }: { readonly size: number; readonly now: number }): Put[] {
    this.#promote(now)
    const keys = new Set(jobs.map(({ key }) => key).filter((key) => key !== null && !this.#keys.has(key)))
    const isNew = jobs.filter(({ key }) => key === null).length + keys.size
    if (this.#counts.pending + isNew > size) throw new QueueOverflow(size)
    return jobs.map((each) => {
      const existing = each.key === null ? undefined : this.#keys.get(each.key)
      if (existing !== undefined) return { job: existing.job, isNew: false }
      const job = newRecord(this.name, each, now)
      const entry: Entry = { seq: ++this.#seq, job, place: ++this.#joined, ended: 0 }
      this.#entries.set(job.id, entry)
      this.#counts.pending++
      this.#place(entry, now)
      this.notes.jobs.push(job)
      return { job, isNew: true }
    })
  }

  exchange({ worker, outcomes, holdUntil, places, token, now }: Exchange): Exchanged {
    const accepted = outcomes.map((outcome) => this.#settle(outcome, now))
    if (holdUntil > this.#settings.heldUntil) this.#set({ heldUntil: holdUntil })
    this.#moveWaits(now)
    this.#promote(now)
    const { width, paused, heldUntil } = this.#settings
    if (paused) return { accepted, claimed: [], rated: false, wakeAt: null }
    const held = heldUntil > now
    const room = held || !this.#workers.has(worker.id) ? 0 : Math.min(places, width - this.#holding.size)
    let wakeAt = held ? Math.min(heldUntil, this.#nextDue() ?? Infinity) : this.#nextDue()
    const claimed: JobRecord[] = []
    const rated = this.#settings.rate === null ? undefined : this.#window
    for (let next = this.#line.first; next !== undefined && claimed.length < room; next = this.#line.first) {
      if (rated !== undefined && !rated.take(now)) {
        wakeAt = Math.min(rated.nextTime(now), wakeAt ?? Infinity)
        break
      }
      claimed.push(this.#apply(next, { type: 'claim', token, now }, now))
    }
    // Claims start at once: nothing has to be awaited that could part the two.
    return { accepted, claimed, rated: false, wakeAt }
  }

  #settle({ token, job, ended, log }: Outcome, now: number): boolean {
    const entry = this.#entries.get(job.id)
    if (entry === undefined || entry.job.token !== token) return false
    if (log !== undefined) entry.log = [...(entry.log ?? []), ...log].slice(-KEPT_LINES)
    if (entry.job.state === 'underway') {
      if (ended !== undefined) keepAttempt(entry, ended)
      this.#write(entry, job, now)
    } else if (job.token === null) this.#apply(entry, { type: 'release' }, now)
    return true
  }

  renew(worker: Worker): boolean {
    const known = this.#workers.has(worker.id)
    this.#workers.add(worker.id)
    return known
  }

  retire(worker: Worker, now: number): void {
    this.#promote(now)
    this.#workers.delete(worker.id)
    for (const entry of [...this.#holding]) {
      if (!entry.job.token!.startsWith(worker.id + TOKEN_SEPARATOR)) continue
      const after = entry.job.state === 'underway' ? transition(entry.job, { type: 'putBack' }) : entry.job
      this.#write(entry, { ...after, token: null }, now)
    }
  }

  /** Nobody dies here without all the others. */
  recover(): number {
    return 0
  }

  change(id: string, change: Change, now: number): JobRecord {
    this.#promote(now)
    const entry = this.#entries.get(id)
    if (entry === undefined) throw new JobNotFound(id)
    const after = transition(entry.job, change.type === 'reprioritize' ? change : { ...change, now })
    if (change.type === 'retry') {
      if (after.key !== null && this.#keys.has(after.key)) throw new JobConflict('ERR_JOB_KEY_TAKEN', entry.job)
      entry.place = ++this.#joined
    }
    if (change.type === 'cancel' && entry.job.state === 'underway') {
      keepAttempt(entry, endedAttempt(entry.job, 'cancelled', change.error, now))
    }
    return this.#write(entry, after, now)
  }

  clear(limit: number, now: number): number {
    const pending: Entry[] = []
    for (const entry of this.#pending()) {
      if (pending.length >= limit) break
      pending.push(entry)
    }
    for (const entry of pending) this.#apply(entry, { type: 'cancel', error: null, now }, now)
    return pending.length
  }

  update(patch: SettingsPatch): QueueStatus {
    this.#set(patch)
    return this.status()
  }

  job(id: string): JobRecord | undefined {
    return this.#entries.get(id)?.job
  }

  history(id: string): StoredHistory | undefined {
    const entry = this.#entries.get(id)
    return entry && { job: entry.job, attempts: entry.attempts ?? [], log: entry.log ?? [] }
  }

  list({ state, after, limit }: ListOptions): JobList {
    const entries = this.#listed(state)
    let from = 0
    if (after !== undefined) {
      const key = parseCursor(after, state === 'pending' ? 3 : 1)
      from = entries.findIndex((entry) => compareKeys(this.#key(entry, state), key) > 0)
      if (from < 0) return { jobs: [], next: null }
    }
    const page = entries.slice(from, from + limit)
    const last = page.at(-1)
    const next = last !== undefined && from + limit < entries.length ? btoa(JSON.stringify(this.#key(last, state))) : null
    return { jobs: page.map(({ job }) => job), next }
  }

  status(): QueueStatus {
    return { ...this.#settings, counts: { ...this.#counts }, places: this.#holding.size, nextDue: this.#nextDue() }
  }

  facts(id: string, now: number): Facts | undefined {
    this.#promote(now)
    const entry = this.#entries.get(id)
    if (entry === undefined) return undefined
    const finished = this.#listed('finished').slice(0, SAMPLE)
    const took = finished.reduce((sum, { job }) => sum + (job.stopTime! - job.startTime!), 0)
    return {
      job: entry.job,
      status: this.status(),
      ahead: Math.max(0, this.#line.toArray().indexOf(entry)),
      hasWorkers: this.#workers.size > 0,
      rateOpensAt: (this.#settings.rate && this.#window?.nextTime(now)) ?? now,
      meanDuration: finished.length === 0 ? null : took / finished.length,
    }
  }

  prune({ finished, failed }: Retention, now: number): number {
    let pruned = 0
    for (const [id, { job }] of this.#entries) {
      if (!isOver(job.state) || job.token !== null) continue
      if (job.stopTime! >= now - (job.state === 'finished' ? finished : failed)) continue
      this.#entries.delete(id)
      this.#counts[job.state]--
      pruned++
    }
    return pruned
  }

  #set(patch: Partial<QueueSettings>): void {
    this.#settings = { ...this.#settings, ...patch }
    // One window for good: what an earlier rate had to remember still counts.
    if (patch.rate && this.#window === undefined) this.#window = new SlidingWindow(patch.rate)
    else if (patch.rate) this.#window!.setRate(patch.rate, this.#lastNow)
    this.notes.settings = this.#settings
  }

  *#pending(): Generator<Entry> {
    yield* this.#line.toArray()
    yield* this.#due.toArray().filter(({ job }) => job.token === null)
    yield* [...this.#holding].filter(({ job }) => job.state === 'pending').sort((a, b) => a.seq - b.seq)
  }

  /** Where a job stands in a list: a page goes on behind it, wherever the job itself has gone. */
  #key(entry: Entry, state: JobState | undefined): number[] {
    const { seq, job, place, ended } = entry
    if (state === undefined || state === 'underway') return [seq]
    if (state !== 'pending') return [-ended]
    if (job.token !== null) return [2, seq, 0]
    return this.#due.has(entry) ? [1, job.runAt, seq] : [0, job.priority, place]
  }

  #listed(state: JobState | undefined): Entry[] {
    if (state === undefined) return [...this.#entries.values()]
    if (state === 'pending') return [...this.#pending()]
    const entries = [...this.#entries.values()].filter(({ job }) => job.state === state)
    return state === 'underway' ? entries : entries.sort((a, b) => b.ended - a.ended)
  }

  #apply(entry: Entry, event: JobEvent, now: number): JobRecord {
    return this.#write(entry, transition(entry.job, event), now)
  }

  #write(entry: Entry, after: JobRecord, now: number): JobRecord {
    const before = entry.job
    this.#line.leave(entry)
    this.#due.leave(entry)
    entry.job = after
    this.#counts[before.state]--
    this.#counts[after.state]++
    if (isOver(after.state) && !isOver(before.state)) entry.ended = ++this.#ended
    this.#place(entry, now)
    this.notes.jobs.push(after)
    return after
  }

  #place(entry: Entry, now: number): void {
    const { state, token, key, runAt, priority } = entry.job
    if (token === null) this.#holding.delete(entry)
    else this.#holding.add(entry)
    if (key !== null && (state === 'pending' || state === 'underway')) this.#keys.set(key, entry)
    else if (key !== null && this.#keys.get(key) === entry) this.#keys.delete(key)
    if (state !== 'pending') return
    if (runAt > now) this.#due.join(entry, runAt, entry.seq)
    else if (token === null) this.#line.join(entry, priority, entry.place)
  }

  /** See {@link setBack}. */
  #moveWaits(now: number): void {
    const back = setBack(this.#lastNow, now)
    this.#lastNow = now
    if (back === undefined) return
    const { heldUntil } = this.#settings
    // A hold that was over is over.
    const until = heldUntil <= back.last ? Math.min(heldUntil, now) : moved(heldUntil, back)
    if (until !== heldUntil) this.#set({ heldUntil: until })
    for (const entry of this.#due.toArray()) {
      const { job } = entry
      const runAt = moved(job.runAt, back)
      if (job.attempt > 0 && runAt !== job.runAt) this.#write(entry, { ...job, runAt }, now)
    }
  }

  /** Those whose time has come join the line, in order of their times. */
  #promote(now: number): void {
    for (let next = this.#due.first; next !== undefined && next.job.runAt <= now; next = this.#due.first) {
      this.#due.leave(next)
      next.place = ++this.#joined
      if (next.job.token === null) this.#line.join(next, next.job.priority, next.place)
    }
  }

  #nextDue(): number | null {
    return this.#due.first?.job.runAt ?? null
  }
}

function keepAttempt(entry: Entry, attempt: AttemptRecord): void {
  entry.attempts = [...(entry.attempts ?? []), attempt].slice(-KEPT_ATTEMPTS)
}

function compareKeys(a: readonly number[], b: readonly number[]): number {
  for (const [i, value] of a.entries()) if (value !== b[i]) return value - b[i]!
  return 0
}

function parseCursor(after: string, length: number): number[] {
  try {
    const key: unknown = JSON.parse(atob(after))
    if (Array.isArray(key) && key.length === length && key.every(Number.isFinite)) return key as number[]
  } catch {
    // Not a cursor of ours.
  }
  throw new PotorooError('ERR_INVALID_CURSOR', 'after must be the `next` of an earlier page of the same list')
}
