import {
  type Arrival,
  arriving,
  type Change,
  checkHere,
  type Counts,
  type Declared,
  type Departed,
  type Departure,
  endedAttempt,
  type EngineQueue,
  type Exchange,
  type Exchanged,
  type Facts,
  JobConflict,
  type JobEvent,
  type JobList,
  type JobRecord,
  leaving,
  type ListOptions,
  missing,
  type NewJob,
  newRecord,
  type Notes,
  type Outcome,
  type Put,
  type QueueMove,
  type QueueSettings,
  type QueueStatus,
  type Rate,
  type Retention,
  type SettingsPatch,
  Silence,
  standsStill,
  type StoredHistory,
  transition,
  type Worker,
} from '@potoroo/queue'
import { QueueOverflow } from 'potoroo'
import type { Database } from './database.ts'
import { FIRST_IN_LINE, IN_LINE } from './job-table.ts'
import { Delays } from './delays.ts'
import { noteEndings } from './endings.ts'
import { listJobs } from './listing.ts'
import { checkOut, takeIn } from './moving.ts'
import { declare, declaredOf, keepFor, moveOf, patch, type QueueRow, redeclare, settingsOf } from './queue-row.ts'
import { prune } from './retention.ts'
import { dueOf, placeOf, type Row, seqOf, toRecord } from './rows.ts'
import { type RateRoom, tokensOf } from './starts.ts'

/** The last jobs whose durations say how long one takes. */
const SAMPLE = 50

/** One queue in the database. Runs inside the transaction that its engine has begun. */
export class SqliteQueue implements EngineQueue {
  readonly name: string
  readonly #database: Database
  readonly notes: Notes = { jobs: [], settings: null, foreign: false, missed: false, waits: true }
  readonly #row: QueueRow
  #dirty = false
  readonly #delays: Delays
  /** Up to where the jobs that are over have been seen. */
  #seen: number
  /** Of the settings that have been told of. */
  #seenVersion: number
  readonly #silence = new Silence()
  /** Workers that have their lease, as far as this has looked. */
  readonly #enlisted = new Set<string>()
  /** Up to this `seq` all jobs are checked out. Whoever puts one may be given a lower number again: SQLite goes on from the last row. */
  #checkedOut = 0

  constructor(database: Database, name: string) {
    this.name = name
    this.#database = database
    this.#row = database.queues.read(name)!
    this.#delays = new Delays(database, this.#row)
    this.#seen = this.#row.ended
    this.#seenVersion = this.#row.version
  }

  get settings(): QueueSettings {
    return settingsOf(this.#row)
  }

  declare(declared: Declared): void {
    if (declare(this.#row, declared)) this.#settingsChanged()
  }

  put(jobs: readonly NewJob[], { size, now }: { readonly size: number; readonly now: number }): Put[] {
    checkHere(this.name, this.#move)
    this.#checkedOut = 0
    // Those whose time has come stand before those who come now.
    this.#promote(now)
    const keyed = jobs.some(({ key }) => key !== null)
    const isNew = keyed ? this.#countNew(jobs) : jobs.length
    if (this.#row.pending + isNew > size) throw new QueueOverflow(size)
    return jobs.map((job) => {
      // Also one that was put by an item before.
      const existing = job.key === null ? undefined : this.#withKey(job.key)
      if (existing !== undefined) return { job: existing, isNew: false }
      this.#database.jobs.insert(this.#row, job, now)
      this.#dirty = true
      if (job.runAt > now) this.#delays.added(job.runAt)
      const record = newRecord(this.name, job, now)
      this.notes.jobs.push(record)
      return { job: record, isNew: true }
    })
  }

  /** How many of them are not there yet; a key that comes twice is one job. */
  #countNew(jobs: readonly NewJob[]): number {
    const isNew = jobs.filter(({ key }) => key === null || this.#withKey(key) === undefined)
    return new Set(isNew.map((job) => job.key ?? job)).size
  }

  exchange({ worker, outcomes, started, holdUntil, places, token, now }: Exchange): Exchanged {
    const row = this.#row
    const holdIsKnown = this.#delays.knowsHold(holdUntil)
    for (const start of started) this.#database.starts.started(start.token, start.at)
    const accepted = outcomes.map((outcome) => this.#settle(outcome, now))
    if (holdUntil > row.held_until) {
      row.held_until = holdUntil
      this.#settingsChanged()
    }
    if (this.#delays.tell(now, holdIsKnown)) this.#settingsChanged()
    this.#promote(now)
    const { width, rate, paused, heldUntil, move } = this.settings
    if (paused || standsStill(move)) return { accepted, claimed: [], rated: false, wakeAt: null }
    let room = this.#isEnlisted(worker) ? Math.min(places, width - row.places) : 0
    let wakeAt = this.#delays.next
    if (heldUntil > now) {
      room = 0
      wakeAt = earlier(wakeAt, heldUntil)
    }
    if (room > 0 && rate !== null) {
      const rated = this.#rateRoom(rate, now)
      if (rated.room < room) {
        room = rated.room
        wakeAt = earlier(wakeAt, rated.room > 0 ? now + 1 : rated.opensAt)
      }
    }
    const claimed = room > 0 ? this.#claim(room, token, now) : []
    if (rate !== null && claimed.length > 0) this.#database.starts.claimed(row.id, token, claimed.length)
    return { accepted, claimed, rated: rate !== null, wakeAt }
  }

  #settle({ token, job, ended, log }: Outcome, now: number): boolean {
    const seq = this.#database.jobs.settle(this.#row, token, job, now)
    if (seq !== undefined) {
      if (ended !== undefined) this.#database.histories.addAttempt(seq, ended)
      if (log !== undefined) this.#database.histories.addLines(seq, log)
      this.#dirty = true
      if (job.state === 'pending') this.#delays.changed()
      this.notes.jobs.push(job)
      return true
    }
    // No longer underway by this token: cancelled or timed out, and its handler has ended; or taken away altogether.
    const [row] = this.#database.jobs.select('id = ? AND token = ?', job.id, token)
    if (row === undefined) return false
    if (log !== undefined) this.#database.histories.addLines(seqOf(row), log)
    if (job.token === null) this.#apply(row, { type: 'release' }, now)
    return true
  }

  #claim(room: number, token: string, now: number): JobRecord[] {
    const { jobs } = this.#database
    const rows = jobs.select(FIRST_IN_LINE, this.#row.id, room)
    if (rows.length === 0) return []
    const claimed = rows.map((row) => transition(toRecord(this.name, row), { type: 'claim', token, now }))
    jobs.claim(this.#row, rows, claimed, token, now)
    for (const job of claimed) this.notes.jobs.push(job)
    this.#dirty = true
    return claimed
  }

  #promote(now: number): void {
    if (this.#delays.promote(now)) this.#dirty = true
  }

  renew(worker: Worker, _now: number): boolean {
    this.#enlisted.add(worker.id)
    if (this.#database.renewWorker.run(worker.id).changes > 0) return true
    this.#database.jobs.forgetClaims()
    this.#database.addWorker.run(worker.id, this.#row.id, this.#database.lockPath, worker.lease)
    return false
  }

  #isEnlisted({ id }: Worker): boolean {
    if (!this.#enlisted.has(id) && this.#database.findWorker.get(id) !== undefined) this.#enlisted.add(id)
    return this.#enlisted.has(id)
  }

  #rateRoom(rate: Rate, now: number): RateRoom {
    const before = this.#row.rate_keep_until
    const keep = keepFor(this.#row, rate, now)
    if (this.#row.rate_keep_until !== before) this.#dirty = true
    return this.#database.starts.room(this.#row.id, rate, now, keep)
  }

  retire(worker: Worker, now: number): void {
    this.#takeBack(worker.id, { type: 'putBack' }, now)
  }

  recover(now: () => number, elapsed: number, looker: string): number {
    const workers = this.#database.workersOf.all(this.#row.id) as { id: string; lock: string | null; lease: number; beat: number }[]
    const silent = new Set(this.#silence.look(workers, elapsed, looker))
    let taken = 0
    for (const worker of workers) {
      if (!silent.has(worker) && !this.#database.isDead(worker.lock)) continue
      // Not before it is known to be gone: its handlers may have been called as late as that.
      const time = now()
      taken += this.#takeBack(worker.id, { type: 'lose', now: time }, time)
    }
    return taken
  }

  /** Ends a worker, and gives up the places of what it holds. */
  #takeBack(worker: string, event: JobEvent, now: number): number {
    this.#promote(now)
    const rows = this.#database.jobs.select('token > ? AND token < ?', ...tokensOf(worker))
    for (const row of rows) {
      const record = toRecord(this.name, row)
      const after = record.state === 'underway' ? transition(record, event) : record
      if (event.type === 'lose' && record.state === 'underway') {
        this.#database.histories.addAttempt(seqOf(row), endedAttempt(record, 'lost', null, now))
      }
      this.#write(row, record, { ...after, token: null }, now)
    }
    this.#database.starts.abandon(worker, now)
    this.#database.removeWorker.run(worker)
    this.#enlisted.delete(worker)
    return rows.length
  }

  change(id: string, change: Change, now: number): JobRecord {
    this.#promote(now)
    const [row] = this.#database.jobs.select('queue = ? AND id = ?', this.#row.id, id)
    if (row === undefined || this.#move?.state === 'arriving') throw missing(id, this.name, this.#move)
    const before = toRecord(this.name, row)
    const after = transition(before, change.type === 'reprioritize' ? change : { ...change, now })
    const joins = change.type === 'retry'
    if (joins && after.key !== null && this.#withKey(after.key) !== undefined) throw new JobConflict('ERR_JOB_KEY_TAKEN', before)
    if (change.type === 'cancel' && before.state === 'underway') {
      this.#database.histories.addAttempt(seqOf(row), endedAttempt(before, 'cancelled', change.error, now))
    }
    return this.#write(row, before, after, now, joins)
  }

  clear(limit: number, now: number): number {
    checkHere(this.name, this.#move)
    const { id } = this.#row
    const { jobs } = this.#database
    const rows = jobs.select(`${IN_LINE} LIMIT ?`, id, limit)
    if (rows.length < limit) {
      rows.push(...jobs.select('queue = ? AND due IS NOT NULL AND token IS NULL LIMIT ?', id, limit - rows.length))
    }
    if (rows.length < limit) {
      rows.push(...jobs.select('token IS NOT NULL AND queue = ? AND state = 0 LIMIT ?', id, limit - rows.length))
    }
    for (const row of rows) this.#apply(row, { type: 'cancel', error: null, now }, now)
    return rows.length
  }

  update(change: SettingsPatch): QueueStatus {
    checkHere(this.name, this.#move)
    patch(this.#row, change)
    this.#settingsChanged()
    return this.status()
  }

  job(id: string): JobRecord | undefined {
    const [row] = this.#database.jobs.select('queue = ? AND id = ?', this.#row.id, id)
    return row && toRecord(this.name, row)
  }

  history(id: string): StoredHistory | undefined {
    const [row] = this.#database.jobs.select('queue = ? AND id = ?', this.#row.id, id)
    return row && { job: toRecord(this.name, row), ...this.#database.histories.read(seqOf(row)) }
  }

  list(options: ListOptions): JobList {
    return listJobs(this.#database.jobs, this.#row.id, this.name, options)
  }

  status(): QueueStatus {
    const { pending, underway, finished, failed, cancelled, places } = this.#row
    const counts: Counts = { pending, underway, finished, failed, cancelled }
    return { ...this.settings, counts, places, nextDue: this.#delays.next }
  }

  facts(id: string, now: number): Facts | undefined {
    this.#promote(now)
    const [row] = this.#database.jobs.select('queue = ? AND id = ?', this.#row.id, id)
    if (row === undefined) return undefined
    const job = toRecord(this.name, row)
    const inLine = job.state === 'pending' && job.token === null && dueOf(row) === null
    const { rate } = this.settings
    return {
      job,
      status: this.status(),
      ahead: inLine ? this.#database.countAhead(this.#row.id, job.priority, placeOf(row)) : 0,
      hasWorkers: this.#database.workersOf.get(this.#row.id) !== undefined,
      rateOpensAt: rate === null ? now : this.#rateRoom(rate, now).opensAt,
      meanDuration: this.#database.meanDuration(this.#row.id, SAMPLE),
    }
  }

  prune(retention: Retention, now: number): number {
    // What was deleted here would come a second time if its arrival was not heard of there.
    if (this.#move?.state === 'arriving') return 0
    const pruned = prune(this.#database, this.#row, this.name, retention, now)
    if (pruned > 0) this.#dirty = true
    return pruned
  }

  depart({ move, delivered, limit, now }: Departure): Departed {
    const { outbox } = this.#database
    const row = this.#row
    let mark = leaving(this.name, this.#move, move)
    this.#promote(now)
    const arrived = delivered.filter((id) => outbox.delivered(row.id, id)).length
    mark = { ...mark, jobs: mark.jobs + arrived, outbox: mark.outbox - arrived }
    if (mark.outbox === 0 && mark.state === 'leaving') mark = { ...mark, outbox: this.#checkOut(limit) }
    if (mark.outbox === 0 && mark.state === 'leaving' && this.#isEmpty()) {
      mark = { ...mark, state: 'left' }
      outbox.clear(row.id)
    }
    this.#mark(mark)
    return { jobs: mark.outbox === 0 ? [] : outbox.all(row.id), status: this.status(), declared: declaredOf(row) }
  }

  #checkOut(limit: number): number {
    if (limit === 0) return 0
    const { taken, last } = checkOut(this.#database, this.#row, this.name, limit, this.#checkedOut)
    this.#checkedOut = last
    if (taken > 0) this.#delays.changed()
    return taken
  }

  arrive({ move, jobs, landing }: Arrival): QueueStatus {
    const before = this.#move
    const mark = arriving(this.name, before, move, this.#isEmpty())
    if (mark.state === 'arrived') return this.status()
    // Of what was declared when it was here before, nothing is left.
    if (before?.state === 'left') redeclare(this.#row, {})
    this.#checkedOut = 0
    const taken = jobs.filter((each) => takeIn(this.#database, this.#row, each))
    this.notes.jobs.push(...taken.map(({ job }) => ({ ...job, queue: this.name })))
    if (taken.length > 0) this.#delays.changed()
    this.#mark({ ...mark, jobs: mark.jobs + taken.length, ...(landing && { state: 'arrived' }) })
    if (landing !== null) {
      const declaredHere = declaredOf(this.#row)
      patch(this.#row, landing.settings)
      this.#row.held_until = landing.settings.heldUntil
      redeclare(this.#row, landing.declared)
      declare(this.#row, declaredHere)
      this.#settingsChanged()
    }
    return this.status()
  }

  get #move(): QueueMove | null {
    return moveOf(this.#row)
  }

  #mark(mark: QueueMove): void {
    const text = JSON.stringify(mark)
    if (text === this.#row.move) return
    this.#row.move = text
    this.#settingsChanged()
  }

  #isEmpty(): boolean {
    const { pending, underway, finished, failed, cancelled } = this.#row
    return pending + underway + finished + failed + cancelled === 0
  }

  /** Another process has committed: its settings hold here too, and whoever waits for a job hears that it is over. */
  refresh(): void {
    this.#readAnew()
    this.notes.foreign = true
    if (this.#row.version !== this.#seenVersion) this.notes.settings = this.settings
    noteEndings(this.#database, this.#row, this.name, this.#seen, this.notes)
  }

  /** What is known only from what was read before. */
  #readAnew(): void {
    Object.assign(this.#row, this.#database.queues.read(this.name))
    this.#delays.changed()
    this.#enlisted.clear()
    this.#checkedOut = 0
  }

  /** Before the commit: the counts and settings go with it. */
  save(): void {
    if (!this.#dirty) return
    this.#database.queues.write(this.#row)
    this.#dirty = false
  }

  /** After a commit: what is so by now has been told of. */
  committed(): void {
    this.#delays.committed()
    this.#seenVersion = this.#row.version
    this.#seen = this.#row.ended
  }

  /** After a rollback: what is in memory was never so. */
  rolledBack(): void {
    this.#delays.rolledBack()
    this.#dirty = false
    // While nothing can be committed nobody can renew a lease, and nobody's silence means anything.
    this.#silence.forget()
    this.#readAnew()
  }

  #withKey(key: string): JobRecord | undefined {
    const [row] = this.#database.jobs.select('queue = ? AND key = ? AND key IS NOT NULL AND state < 2', this.#row.id, key)
    if (row !== undefined) return toRecord(this.name, row)
    return this.#row.move === null ? undefined : this.#database.outbox.withKey(this.#row.id, key)
  }

  #apply(row: Row, event: JobEvent, now: number): JobRecord {
    const before = toRecord(this.name, row)
    return this.#write(row, before, transition(before, event), now)
  }

  #write(row: Row, before: JobRecord, after: JobRecord, now: number, joins = false): JobRecord {
    const place = joins ? ++this.#row.joined : placeOf(row)
    this.#database.jobs.write(this.#row, seqOf(row), place, before, after, row[7] as number | null, now)
    this.#dirty = true
    this.#delays.changed()
    this.notes.jobs.push(after)
    return after
  }

  #settingsChanged(): void {
    this.#row.version++
    this.#dirty = true
    this.notes.settings = this.settings
  }
}

function earlier(a: number | null, b: number): number {
  return a === null ? b : Math.min(a, b)
}
