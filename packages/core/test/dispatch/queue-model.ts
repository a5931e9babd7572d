import type { Rate, Rates } from 'potoroo'

/** What a job of the model's handler does: ends at once, or at the test's word, well or badly. */
export type Kind =
  | 'value' // returns a value
  | 'throw'
  | 'succeeded' // returns a deferred that has fired
  | 'deferred' // returns one that the test fires; cancelling it ends the work
  | 'stubborn' // returns a thenable: its work goes on after the job was cancelled

export interface ModelJob {
  readonly n: number
  readonly kind: Kind
  readonly timeout: number
  priority: number
  state: 'pending' | 'underway' | 'finished' | 'failed' | 'cancelled'
  startTime?: number
  stopTime?: number
  working: boolean
}

/** A queue that is written to be obviously right, and nothing else: plain arrays, sorted and searched at every step. */
export class QueueModel {
  now = 0
  width: number
  paused = false
  stopped = false
  rate: Rates | undefined
  jobs: ModelJob[] = []
  starts: { n: number; time: number }[] = []
  notDone: number[] = []
  /** In the order in which they came to be over; those that were refused are not among them. */
  over: number[] = []
  readonly size: number

  /** What rates had to remember, and how much that is: as SlidingWindow.setRate says. */
  #remembered: number[] = []
  #latestRates: readonly Rate[] | undefined
  #memory = { limit: 0, per: 0, until: -Infinity }

  constructor(width: number, size: number) {
    this.width = width
    this.size = size
  }

  get pending(): ModelJob[] {
    return this.jobs.filter((job) => job.state === 'pending').sort((a, b) => a.priority - b.priority || a.n - b.n)
  }

  get underway(): ModelJob[] {
    return this.starts.map(({ n }) => this.jobs[n] as ModelJob).filter((job) => job.working)
  }

  /** Whether a job could start now, if there were one. */
  get open(): boolean {
    if (this.paused || this.stopped || this.underway.length >= this.width) return false
    return listOf(this.rate).every(({ limit, per }) => this.#remembered.filter((time) => time + per > this.now).length < limit)
  }

  /** What holds back the one who goes first. */
  get blockedBy(): 'paused' | 'width' | 'rate' | null {
    if (this.paused) return 'paused'
    if (this.underway.length >= this.width) return 'width'
    return this.open ? null : 'rate'
  }

  put(kind: Kind, priority: number, timeout: number): ModelJob {
    const job: ModelJob = { n: this.jobs.length, kind, priority, timeout, state: 'pending', working: false }
    const full = this.pending.length >= this.size && !(this.pending.length === 0 && this.open)
    this.jobs.push(job)
    if (this.stopped || full) {
      job.state = 'failed'
      job.stopTime = this.now
    }
    this.#go()
    return job
  }

  cancel(job: ModelJob): void {
    if (job.state !== 'pending' && job.state !== 'underway') return
    this.#over(job, 'cancelled')
    if (job.kind === 'deferred') job.working = false
    this.#go()
  }

  /** The work that the test holds ends. */
  end(job: ModelJob, state: 'finished' | 'failed'): void {
    job.working = false
    if (job.state === 'underway') this.#over(job, state)
    this.#go()
  }

  setWidth(width: number): void {
    this.width = width
    this.#go()
  }

  setRate(rate: Rates | undefined): void {
    if (rate !== undefined) {
      const memory = this.#memory
      const rates = listOf(rate)
      if (this.now > memory.until && this.#latestRates !== undefined) Object.assign(memory, widest(this.#latestRates))
      this.#remembered = this.#remembered.filter((time) => time + memory.per > this.now)
      this.#remembered = this.#remembered.slice(Math.max(0, this.#remembered.length - memory.limit))
      if (this.#latestRates !== undefined) memory.until = this.now + memory.per
      memory.limit = Math.max(memory.limit, widest(rates).limit)
      memory.per = Math.max(memory.per, widest(rates).per)
      this.#latestRates = rates
    }
    this.rate = rate
    this.#go()
  }

  pause(): void {
    this.paused = true
  }

  resume(width = this.width): void {
    this.paused = false
    this.width = width
    this.#go()
  }

  stop(cancelUnderway: boolean): void {
    this.stopped = true
    const working = cancelUnderway ? this.underway.filter((job) => job.state === 'underway') : []
    for (const job of [...this.pending, ...working]) {
      this.notDone.push(job.n)
      this.cancel(job)
    }
  }

  clear(): number[] {
    const cleared = this.pending
    for (const job of cleared) this.cancel(job)
    return cleared.map((job) => job.n)
  }

  reprioritize(job: ModelJob, priority: number): void {
    job.priority = priority
  }

  advance(ms: number): void {
    const end = this.now + ms
    for (;;) {
      for (let job = this.#late(); job !== undefined; job = this.#late()) {
        this.#over(job, 'failed')
        if (job.kind === 'deferred') job.working = false
        this.#go()
      }
      if (this.now === end) return
      this.now++
      this.#go()
    }
  }

  #late(): ModelJob | undefined {
    return this.jobs.find((job) => job.state === 'underway' && (job.startTime as number) + job.timeout <= this.now)
  }

  #go(): void {
    while (this.open) {
      const [job] = this.pending
      if (job === undefined) return
      job.state = 'underway'
      job.startTime = this.now
      job.working = true
      this.starts.push({ n: job.n, time: this.now })
      if (this.rate !== undefined) this.#remembered.push(this.now)
      if (job.kind === 'value' || job.kind === 'succeeded') this.end(job, 'finished')
      if (job.kind === 'throw') this.end(job, 'failed')
    }
  }

  #over(job: ModelJob, state: ModelJob['state']): void {
    job.state = state
    job.stopTime = this.now
    this.over.push(job.n)
  }
}

function listOf(rate: Rates | undefined): readonly Rate[] {
  return rate === undefined ? [] : [rate].flat()
}

function widest(rates: readonly Rate[]): Rate {
  return { limit: Math.max(...rates.map(({ limit }) => limit)), per: Math.max(...rates.map(({ per }) => per)) }
}
