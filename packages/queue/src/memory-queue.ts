import { PotorooError, QueueOverflow, SlidingWindow } from 'potoroo'
import type { EngineQueue, Notes } from './engine.ts'
import { JobConflict } from './errors.ts'
import { type AttemptRecord, endedAttempt, KEPT_ATTEMPTS, KEPT_LINES, type LogLine, type StoredHistory } from './history.ts'
import { MemoryLine } from './memory-line.ts'
import {
  type Arrival,
  arriving,
  checkHere,
  type Departed,
  type Departure,
  leaving,
  missing,
  type MovingJob,
  OUTBOX_LENGTH,
  type QueueMove,
  standsStill,
} from './moving.ts'
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
  type Rate,
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
  readonly notes: Notes = { jobs: [], settings: null, foreign: false, missed: false, waits: true }
  #settings: QueueSettings = { width: DEFAULT_WIDTH, rate: null, paused: false, heldUntil: 0, move: null }
  #declared: Declared = {}
  readonly #entries = new Map<string, Entry>()
  readonly #keys = new Map<string, Entry>()
  readonly #line = new MemoryLine<Entry>()
  /** Pending, and not in line until their time: by that. */
  readonly #due = new MemoryLine<Entry>()
  readonly #holding = new Set<Entry>()
  readonly #workers = new Set<string>()
  /** Checked out, to go to another store. Their keys stay theirs. */
  readonly #outbox = new Map<string, MovingJob>()
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
    const patch: { width?: number; rate?: Rate | null } = {}
    if (width !== undefined && width !== this.#declared.width) patch.width = width
    if (rate !== undefined && JSON.stringify(rate) !== JSON.stringify(this.#declared.rate)) patch.rate = rate
    this.#declared = { ...this.#declared, ...declared }
    if (Object.keys(patch).length > 0) this.#set(patch)
  }

  put(jobs: readonly NewJob[], { size, now }: { readonly size: number; readonly now: number }): Put[] {
    checkHere(this.name, this.#settings.move)
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
    const { width, paused, heldUntil, move } = this.#settings
    if (paused || standsStill(move)) return { accepted, claimed: [], rated: false, wakeAt: null }
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
    const { move } = this.#settings
    if (entry === undefined || move?.state === 'arriving') throw missing(id, this.name, move)
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
    checkHere(this.name, this.#settings.move)
    const pending: Entry[] = []
    for (const entry of this.#pending()) {
      if (pending.length >= limit) break
      pending.push(entry)
    }
    for (const entry of pending) this.#apply(entry, { type: 'cancel', error: null, now }, now)
    return pending.length
  }

  update(patch: SettingsPatch): QueueStatus {
    checkHere(this.name, this.#settings.move)
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
    // What was deleted here would come a second time if its arrival was not heard of there.
    if (this.#settings.move?.state === 'arriving') return 0
    for (const [id, { job }] of this.#entries) {
      if (!isOver(job.state) || job.token !== null) continue
      if (job.stopTime! >= now - (job.state === 'finished' ? finished : failed)) continue
      this.#entries.delete(id)
      this.#counts[job.state]--
      pruned++
    }
    return pruned
  }

  depart({ move, delivered, limit, now }: Departure): Departed {
    const before = this.#settings.move
    let mark = leaving(this.name, before, move)
    this.#promote(now)
    const arrived = delivered.filter((id) => this.#outbox.delete(id)).length
    if (this.#outbox.size === 0) this.#checkOut(limit)
    mark = { ...mark, jobs: mark.jobs + arrived, outbox: this.#outbox.size }
    if (mark.state === 'leaving' && this.#entries.size === 0 && mark.outbox === 0) {
      mark = { ...mark, state: 'left' }
      this.#keys.clear()
    }
    this.#mark(mark)
    return { jobs: [...this.#outbox.values()], status: this.status(), declared: this.#declared }
  }

  #checkOut(limit: number): void {
    let length = 0
    for (const [id, entry] of this.#entries) {
      const { job } = entry
      // What comes behind one that is held waits for it: so the order of arrival is kept.
      if (this.#outbox.size >= limit || job.token !== null || length > OUTBOX_LENGTH) return
      const { attempts = [], log = [], place, ended } = entry
      this.#outbox.set(id, { job, attempts, log, place, delayed: this.#due.has(entry), ended })
      length += job.arg.length + (job.result?.length ?? 0)
      this.#entries.delete(id)
      this.#line.leave(entry)
      this.#due.leave(entry)
      this.#counts[job.state]--
    }
  }

  arrive({ move, jobs, landing }: Arrival): QueueStatus {
    const before = this.#settings.move
    const mark = arriving(this.name, before, move, this.#entries.size === 0)
    if (mark.state === 'arrived') return this.status()
    // Of what was declared when it was here before, nothing is left.
    if (before?.state === 'left') this.#declared = {}
    let taken = 0
    for (const each of jobs) {
      if (this.#entries.has(each.job.id)) continue
      this.#take(each)
      taken++
    }
    this.#mark({ ...mark, jobs: mark.jobs + taken })
    if (landing !== null) {
      const declaredHere = this.#declared
      this.#declared = landing.declared
      this.#set({ ...landing.settings, move: { ...this.#settings.move!, state: 'arrived' } })
      this.declare(declaredHere)
    }
    return this.status()
  }

  #take({ job: moved, attempts, log, place, delayed, ended }: MovingJob): void {
    const job = { ...moved, queue: this.name }
    const entry: Entry = { seq: ++this.#seq, job, place, ended, attempts, log }
    this.#entries.set(job.id, entry)
    this.#counts[job.state]++
    this.#joined = Math.max(this.#joined, place)
    this.#ended = Math.max(this.#ended, ended)
    if (job.key !== null && job.state === 'pending') this.#keys.set(job.key, entry)
    if (delayed) this.#due.join(entry, job.runAt, entry.seq)
    else if (job.state === 'pending') this.#line.join(entry, job.priority, place)
    this.notes.jobs.push(job)
  }

  #mark(move: QueueMove): void {
    if (JSON.stringify(move) !== JSON.stringify(this.#settings.move)) this.#set({ move })
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
    // Places in the line are still given out by the store that the queue comes from.
    if (this.#settings.move?.state === 'arriving') return
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
