import {
  type Arrival,
  type AttemptRecord,
  type Change,
  type ConflictCode,
  type Counts,
  DEFAULT_WIDTH,
  type Departure,
  type Exchange,
  type JobError,
  type JobRecord,
  type JobState,
  KEPT_ATTEMPTS,
  KEPT_LINES,
  type LogLine,
  type MovingJob,
  type NewJob,
  POISONED,
  type QueueMove,
  type QueueStatus,
  type Rate,
  type Retention,
  type SettingsPatch,
  TOKEN_SEPARATOR,
  type Worker,
} from '@potoroo/queue'

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

interface ModelJob {
  readonly record: Mutable<JobRecord>
  /** Waits for its time, and is not in the line. */
  due: boolean
  /** In the line among equals. */
  place: number
  attempts: AttemptRecord[]
  log: LogLine[]
}

interface ModelWorker {
  readonly lease: number
  beat: number
  /** At the last look: the beat then, and for how long it has been that. */
  seen: number | undefined
  silent: number
}

export type Refusal =
  | 'ERR_JOB_NOT_FOUND'
  | 'ERR_JOB_MOVED'
  | 'ERR_QUEUE_MOVED'
  | 'ERR_QUEUE_ARRIVING'
  | 'ERR_QUEUE_EXISTS'
  | 'ERR_QUEUE_OVERFLOW'
  | ConflictCode

/**
 * What a queue in a store does, in the plainest way: a list of jobs, gone through from the beginning each time. Slow, and easy
 * to see through; it shares no code with any store. Its time only goes forward.
 */
export class ModelQueue {
  readonly jobs: ModelJob[] = []
  readonly #workers = new Map<string, ModelWorker>()
  #width = DEFAULT_WIDTH
  #rate: Rate | null = null
  #paused = false
  #heldUntil = 0
  /** Of claims under a rate. */
  readonly #starts: number[] = []
  #joined = 0
  #move: QueueMove | null = null
  /** Checked out. */
  readonly #outbox: ModelJob[] = []
  /** Has arrived elsewhere. */
  readonly #gone: ModelJob[] = []

  find(id: string): ModelJob | undefined {
    return this.jobs.find(({ record }) => record.id === id)
  }

  put(jobs: readonly NewJob[], size: number, now: number): { id: string; isNew: boolean }[] | Refusal {
    const elsewhere = this.#elsewhere()
    if (elsewhere) return elsewhere
    this.#join(now)
    const keys = new Set<string>()
    const fresh = jobs.filter(({ key }) => {
      if (key === null) return true
      if (this.#active(key) || keys.has(key)) return false
      keys.add(key)
      return true
    })
    if (this.#counts().pending + fresh.length > size) return 'ERR_QUEUE_OVERFLOW'
    return jobs.map((job) => {
      const existing = job.key === null ? undefined : this.#active(job.key)
      if (existing) return { id: existing.record.id, isNew: false }
      const record: JobRecord = {
        ...job,
        queue: 'q',
        state: 'pending',
        attempt: 0,
        queuedTime: now,
        startTime: null,
        stopTime: null,
        result: null,
        error: null,
        progress: null,
        token: null,
      }
      this.jobs.push({ record, due: job.runAt > now, place: ++this.#joined, attempts: [], log: [] })
      return { id: job.id, isNew: true }
    })
  }

  exchange({ worker, outcomes, holdUntil, places, token, now }: Exchange): { accepted: boolean[]; claimed: JobRecord[] } {
    const accepted = outcomes.map((outcome) => {
      const job = this.find(outcome.job.id)
      if (job === undefined || job.record.token !== outcome.token) return false
      if (outcome.log) job.log = [...job.log, ...outcome.log].slice(-KEPT_LINES)
      if (outcome.ended && job.record.state === 'underway') job.attempts = [...job.attempts, outcome.ended].slice(-KEPT_ATTEMPTS)
      if (job.record.state === 'underway') Object.assign(job.record, outcome.job)
      else if (outcome.job.token === null) job.record.token = null
      job.due = job.record.state === 'pending' && job.record.runAt > now
      return true
    })
    this.#heldUntil = Math.max(this.#heldUntil, holdUntil)
    this.#join(now)
    const claimed: JobRecord[] = []
    while (claimed.length < places && this.#workers.has(worker.id) && this.mayClaimAt(now)) {
      const { record } = this.line()[0]!
      Object.assign(record, { state: 'underway', token, attempt: record.attempt + 1, startTime: now, progress: null })
      if (this.#rate !== null) this.#starts.push(now)
      claimed.push({ ...record })
    }
    return { accepted, claimed }
  }

  /** Whether, if nothing else changes, a job could be claimed at a time. */
  mayClaimAt(time: number): boolean {
    const rate = this.#rate
    if (this.#move !== null && this.#move.state !== 'arrived') return false
    if (this.#paused || time < this.#heldUntil || this.#places() >= this.#width) return false
    if (rate !== null && this.#starts.filter((start) => start > time - rate.per).length >= rate.limit) return false
    return this.jobs.some(({ record, due }) => record.state === 'pending' && record.token === null && (!due || record.runAt <= time))
  }

  /** When, if nothing else changes, a job can first be claimed after `now`. */
  nextClaim(now: number): number | undefined {
    const times = [this.#heldUntil, ...this.jobs.map(({ record }) => record.runAt), ...this.#starts.map((at) => at + (this.#rate?.per ?? 0))]
    return times.sort((a, b) => a - b).find((time) => time > now && this.mayClaimAt(time))
  }

  change(id: string, change: Change, now: number): Refusal | undefined {
    this.#join(now)
    if (this.#move?.state === 'arriving') return 'ERR_QUEUE_ARRIVING'
    const job = this.find(id)
    if (job === undefined) return this.#move?.state === 'leaving' || this.#move?.state === 'left' ? 'ERR_JOB_MOVED' : 'ERR_JOB_NOT_FOUND'
    const { record } = job
    switch (change.type) {
      case 'cancel':
        if (isOver(record.state)) return 'ERR_JOB_OVER'
        if (record.state === 'underway') this.#endAttempt(job, 'cancelled', change.error, now)
        this.#cancel(job, change.error, now)
        return undefined
      case 'reprioritize':
        if (record.state !== 'pending') return 'ERR_JOB_NOT_PENDING'
        record.priority = change.priority
        return undefined
      case 'retry':
        if (record.state !== 'failed' && record.state !== 'cancelled') return 'ERR_JOB_NOT_OVER'
        if (record.key !== null && this.#active(record.key)) return 'ERR_JOB_KEY_TAKEN'
        Object.assign(record, { state: 'pending', attempt: 0, runAt: now, error: null, stopTime: null, progress: null })
        job.place = ++this.#joined
        return undefined
    }
  }

  clear(now: number): number | Refusal {
    const elsewhere = this.#elsewhere()
    if (elsewhere) return elsewhere
    const pending = this.jobs.filter(({ record }) => record.state === 'pending')
    for (const job of pending) this.#cancel(job, null, now)
    return pending.length
  }

  update(patch: SettingsPatch): Refusal | undefined {
    const elsewhere = this.#elsewhere()
    if (elsewhere) return elsewhere
    if (patch.width !== undefined) this.#width = patch.width
    if (patch.rate !== undefined) this.#rate = patch.rate
    if (patch.paused !== undefined) this.#paused = patch.paused
    return undefined
  }

  /** The numbers of what is over are the store's. */
  depart({ move, delivered, limit, now }: Departure): MovingJob[] {
    this.#join(now)
    const before = this.#move === null || this.#move.state === 'arrived' ? null : this.#move
    const arrived = this.#outbox.filter(({ record }) => delivered.includes(record.id))
    for (const job of arrived) this.#gone.push(...this.#outbox.splice(this.#outbox.indexOf(job), 1))
    if (this.#outbox.length === 0) {
      while (this.#outbox.length < limit && this.jobs[0]?.record.token === null) this.#outbox.push(this.jobs.shift()!)
    }
    const left = this.jobs.length === 0 && this.#outbox.length === 0
    if (left) this.#gone.length = 0
    this.#move = { state: left ? 'left' : 'leaving', id: move, jobs: (before?.jobs ?? 0) + arrived.length, outbox: this.#outbox.length }
    return this.#outbox.map(({ record, due, place, attempts, log }) => ({ job: { ...record }, attempts, log, place, delayed: due, ended: 0 }))
  }

  arrive({ move, jobs, landing }: Arrival): Refusal | undefined {
    if (this.#move?.id === move && this.#move.state === 'arrived') return undefined
    if (this.#move?.state !== 'arriving' && this.jobs.length > 0) return 'ERR_QUEUE_EXISTS'
    const before = this.#move?.state === 'arriving' ? this.#move.jobs : 0
    const fresh = jobs.filter(({ job }) => this.find(job.id) === undefined)
    for (const { job, attempts, log, place, delayed } of fresh) {
      this.jobs.push({ record: { ...job }, due: delayed, place, attempts: [...attempts], log: [...log] })
      this.#joined = Math.max(this.#joined, place)
    }
    this.#move = { state: landing === null ? 'arriving' : 'arrived', id: move, jobs: before + fresh.length, outbox: 0 }
    if (landing === null) return undefined
    this.#width = landing.settings.width
    this.#rate = landing.settings.rate
    this.#paused = landing.settings.paused
    this.#heldUntil = landing.settings.heldUntil
    return undefined
  }

  get move(): QueueMove | null {
    return this.#move
  }

  #elsewhere(): Refusal | undefined {
    if (this.#move?.state === 'left') return 'ERR_QUEUE_MOVED'
    return this.#move?.state === 'arriving' ? 'ERR_QUEUE_ARRIVING' : undefined
  }

  renew(worker: Worker): boolean {
    const known = this.#workers.get(worker.id)
    if (known === undefined) this.#workers.set(worker.id, { lease: worker.lease, beat: 0, seen: undefined, silent: 0 })
    else known.beat++
    return known !== undefined
  }

  retire(worker: Worker, now: number): void {
    this.#join(now)
    for (const { record } of this.#heldBy(worker.id)) {
      record.token = null
      if (record.state === 'underway') Object.assign(record, { state: 'pending', attempt: record.attempt - 1 })
    }
    this.#workers.delete(worker.id)
  }

  recover(now: number, elapsed: number): number {
    let taken = 0
    for (const [id, worker] of [...this.#workers]) {
      if (worker.seen === worker.beat) worker.silent += elapsed
      else worker.silent = 0
      worker.seen = worker.beat
      if (worker.silent < worker.lease) continue
      this.#join(now)
      for (const job of this.#heldBy(id)) {
        const { record } = job
        taken++
        record.token = null
        if (record.state !== 'underway') continue
        this.#endAttempt(job, 'lost', null, now)
        if (record.attempt < record.maxAttempts) record.state = 'pending'
        else Object.assign(record, { state: 'failed', error: POISONED, stopTime: now })
        }
      this.#workers.delete(id)
    }
    return taken
  }

  prune(keep: Retention, now: number): number {
    if (this.#move?.state === 'arriving') return 0
    const before = this.jobs.length
    const kept = this.jobs.filter(({ record: { state, token, stopTime } }) => {
      return !isOver(state) || token !== null || stopTime! >= now - (state === 'finished' ? keep.finished : keep.failed)
    })
    this.jobs.splice(0, Infinity, ...kept)
    return before - kept.length
  }

  status(): QueueStatus {
    const due = this.jobs.filter((job) => job.due).map(({ record }) => record.runAt)
    return {
      width: this.#width,
      rate: this.#rate,
      paused: this.#paused,
      heldUntil: this.#heldUntil,
      move: this.#move,
      counts: this.#counts(),
      places: this.#places(),
      nextDue: due.length === 0 ? null : Math.min(...due),
    }
  }

  facts(id: string, now: number): { ahead: number; hasWorkers: boolean } | undefined {
    this.#join(now)
    const job = this.find(id)
    return job && { ahead: Math.max(0, this.line().indexOf(job)), hasWorkers: this.#workers.size > 0 }
  }

  has(worker: Worker): boolean {
    return this.#workers.has(worker.id)
  }

  /** What can be claimed, in order. */
  line(): ModelJob[] {
    return this.jobs
      .filter(({ record, due }) => record.state === 'pending' && record.token === null && !due)
      .sort((a, b) => a.record.priority - b.record.priority || a.place - b.place)
  }

  /** All that is pending, in the order of a list. */
  pending(): ModelJob[] {
    const line = this.line()
    const rest = this.jobs.filter((job) => job.record.state === 'pending' && !line.includes(job))
    const delayed = rest.filter(({ record }) => record.token === null).sort((a, b) => a.record.runAt - b.record.runAt)
    return [...line, ...delayed, ...rest.filter(({ record }) => record.token !== null)]
  }

  #join(now: number): void {
    if (this.#move?.state === 'arriving') return
    const ready = this.jobs.filter(({ due, record }) => due && record.runAt <= now).sort((a, b) => a.record.runAt - b.record.runAt)
    for (const job of ready) Object.assign(job, { due: false, place: ++this.#joined })
  }

  #cancel(job: ModelJob, error: JobError | null, now: number): void {
    Object.assign(job.record, { state: 'cancelled', error, stopTime: now })
    job.due = false
  }

  #endAttempt(job: ModelJob, outcome: 'cancelled' | 'lost', error: JobError | null, now: number): void {
    const { attempt, startTime } = job.record
    job.attempts = [...job.attempts, { attempt, startTime: startTime!, stopTime: now, outcome, error }].slice(-KEPT_ATTEMPTS)
  }

  #active(key: string): ModelJob | undefined {
    return [...this.jobs, ...this.#outbox, ...this.#gone].find(({ record }) => record.key === key && !isOver(record.state))
  }

  #heldBy(worker: string): ModelJob[] {
    return this.jobs.filter(({ record }) => record.token?.startsWith(worker + TOKEN_SEPARATOR))
  }

  #places(): number {
    return this.jobs.filter(({ record }) => record.token !== null).length
  }

  #counts(): Counts {
    const counts = { pending: 0, underway: 0, finished: 0, failed: 0, cancelled: 0 }
    for (const { record } of this.jobs) counts[record.state]++
    return counts
  }
}

function isOver(state: JobState): boolean {
  return state !== 'pending' && state !== 'underway'
}
