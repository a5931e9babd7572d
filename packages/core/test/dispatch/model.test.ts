import fc from 'fast-check'
import {
  type Awaitable,
  Deferred,
  type DispatchEvent,
  fail,
  Failure,
  type Job,
  type JobDeferred,
  ManualClock,
  type PotorooError,
  type Rates,
  ResizableDispatchQueue,
  succeed,
} from 'potoroo'
import { expect, test } from 'vitest'
import { patience, runs } from './runs.ts'
import { type Kind, type ModelJob, QueueModel } from './queue-model.ts'

type Command =
  | { do: 'put'; kind: Kind; priority: number; timeout: number }
  | { do: 'end'; which: number; well: boolean }
  | { do: 'cancel'; which: number; through: 'job' | 'deferred' | 'signal' }
  | { do: 'reprioritize'; which: number; priority: number }
  | { do: 'width'; width: number }
  | { do: 'rate'; rate: Rates | undefined }
  | { do: 'room'; limit: number }
  | { do: 'pause' | 'clear' | 'idle' }
  | { do: 'resume'; width: number | undefined }
  | { do: 'stop'; cancelUnderway: boolean }
  | { do: 'advance'; ms: number }

const kind = fc.constantFrom<Kind>('value', 'throw', 'succeeded', 'deferred', 'deferred', 'deferred', 'stubborn')
const priority = fc.oneof(fc.constant(0), fc.integer({ min: -2, max: 2 }), fc.double({ noNaN: true, noDefaultInfinity: true }))
const timeout = fc.oneof({ weight: 3, arbitrary: fc.constant(Infinity) }, fc.nat(30))
const rate = fc.record({ limit: fc.integer({ min: 1, max: 6 }), per: fc.integer({ min: 1, max: 30 }) })
const rates = fc.oneof({ weight: 2, arbitrary: rate }, { weight: 1, arbitrary: fc.array(rate, { minLength: 1, maxLength: 3 }) })
const which = fc.nat(1000)
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ do: fc.constant('put' as const), kind, priority, timeout }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('end' as const), which, well: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('cancel' as const),
      which,
      through: fc.constantFrom('job' as const, 'deferred' as const, 'signal' as const),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('reprioritize' as const), which, priority }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('width' as const), width: fc.nat(4) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('rate' as const), rate: fc.option(rates, { nil: undefined }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('room' as const), limit: fc.integer({ min: 1, max: 6 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('pause' as const, 'clear' as const, 'idle' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('resume' as const), width: fc.option(fc.nat(4), { nil: undefined }) }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('stop' as const), cancelUnderway: fc.boolean() }) },
)

/** Whether a job's deferred fired with what its state asks for. */
function fits(job: Job<ModelJob, number>, result: unknown): boolean {
  if (!(result instanceof Failure)) return job.state === 'finished' && result === job && job.result === job.arg.n
  const { code } = result.value as PotorooError
  if (job.state === 'cancelled') return code === 'ERR_JOB_CANCELLED' && job.failure === result
  if (job.startTime === undefined) return code === 'ERR_QUEUE_OVERFLOW' || code === 'ERR_QUEUE_STOPPED'
  return code === 'ERR_JOB_FAILED' && (result.value as PotorooError).cause === job.failure?.value
}

/** The queue and the model beside it. */
class Pair {
  readonly clock = new ManualClock(1000)
  readonly model: QueueModel
  readonly queue: ResizableDispatchQueue<ModelJob, number>
  readonly starts: { n: number; time: number }[] = []
  readonly put: { deferred: JobDeferred<ModelJob, number>; watcher: Deferred<unknown>; controller: AbortController; fired: number; result: unknown }[] = []
  /** What ends the work of a job that is underway. */
  readonly work = new Map<number, (well: boolean) => void>()
  /** Those who wait, and whether what they wait for has come. */
  readonly idles: { deferred: Deferred<void>; came: boolean }[] = []
  readonly pauses: { deferred: Deferred<void>; came: boolean }[] = []
  readonly rooms: { deferred: Deferred<void>; limit: number; came: boolean }[] = []
  readonly stops: Deferred<Job<ModelJob, number>[]>[] = []
  /** What was heard of, and what came out of a loop over the queue. */
  readonly heard: DispatchEvent<ModelJob, number>[] = []
  readonly over: number[] = []
  readonly warnings: unknown[] = []
  readonly looped: Promise<void>

  constructor(width: number, size: number) {
    this.model = new QueueModel(width, size)
    this.queue = new ResizableDispatchQueue<ModelJob, number>((job) => this.#handle(job), {
      width,
      size,
      clock: this.clock,
      onWarning: (warning) => this.warnings.push(warning),
    })
    this.queue.observe((event) => this.heard.push(event))
    this.looped = this.#loop()
  }

  async #loop(): Promise<void> {
    for await (const job of this.queue) this.over.push(job.arg.n)
  }

  #handle({ n, kind }: ModelJob): Awaitable<number> {
    this.starts.push({ n, time: this.clock.now() - 1000 })
    if (kind === 'value') return n
    if (kind === 'throw') throw new Error('thrown')
    if (kind === 'succeeded') return n % 2 === 0 ? succeed(n) : fail(new Error('thrown')).addErrback(() => n)
    if (kind === 'deferred') {
      const deferred = new Deferred<number>()
      this.work.set(n, (well) => (well ? deferred.callback(n) : deferred.errback(new Error('failed'))))
      return deferred
    }
    const then = (onValue: (value: number) => void, onFailure: (reason: unknown) => void): void => {
      this.work.set(n, (well) => (well ? onValue(n) : onFailure(new Error('failed'))))
    }
    return { then } as PromiseLike<number>
  }

  run(command: Command): void {
    const { model, queue } = this
    switch (command.do) {
      case 'put': {
        const job = model.put(command.kind, command.priority, command.timeout)
        const controller = new AbortController()
        const entry = { controller, fired: 0, result: undefined } as unknown as Pair['put'][number]
        this.put.push(entry)
        entry.deferred = queue.put(job, { priority: command.priority, timeout: command.timeout, signal: controller.signal })
        entry.watcher = entry.deferred.job.watch()
        entry.watcher.addErrback(() => {})
        entry.deferred.addBoth((result) => {
          entry.fired++
          entry.result = result
        })
        break
      }
      case 'end': {
        const working = model.underway
        const job = working[command.which % working.length]
        if (job === undefined) break
        model.end(job, command.well ? 'finished' : 'failed')
        this.work.get(job.n)?.(command.well)
        break
      }
      case 'cancel': {
        const job = model.jobs[command.which % model.jobs.length]
        if (job === undefined) break
        model.cancel(job)
        const { deferred, controller } = this.put[job.n] as Pair['put'][number]
        if (command.through === 'job') deferred.job.cancel('reason')
        else if (command.through === 'deferred') deferred.cancel('reason')
        else controller.abort('reason')
        break
      }
      case 'reprioritize': {
        const job = model.jobs[command.which % model.jobs.length]
        if (job === undefined) break
        const change = (): void => queue.reprioritize((this.put[job.n] as Pair['put'][number]).deferred.job, command.priority)
        if (job.state === 'pending') {
          model.reprioritize(job, command.priority)
          change()
        } else expect(change).toThrow(expect.objectContaining({ code: 'ERR_KEY' }))
        break
      }
      case 'width':
        model.setWidth(command.width)
        queue.width = command.width
        break
      case 'rate':
        model.setRate(command.rate)
        queue.rate = command.rate
        break
      case 'pause':
        model.pause()
        this.pauses.push({ deferred: queue.pause(), came: false })
        break
      case 'resume':
        if (model.stopped) {
          expect(() => queue.resume(command.width)).toThrow(expect.objectContaining({ code: 'ERR_QUEUE_STOPPED' }))
        } else {
          model.resume(command.width)
          queue.resume(command.width)
          for (const pause of this.pauses) pause.came = true
        }
        break
      case 'clear':
        expect(model.clear()).toEqual(queue.clearQueue().map((job) => job.arg.n))
        break
      case 'idle':
        this.idles.push({ deferred: queue.idle(), came: false })
        break
      case 'room':
        this.rooms.push({ deferred: queue.onSizeLessThan(command.limit), limit: command.limit, came: false })
        break
      case 'stop':
        model.stop(command.cancelUnderway)
        this.stops.push(queue.stop({ cancelUnderway: command.cancelUnderway }))
        break
      case 'advance':
        model.advance(command.ms)
        this.clock.advance(command.ms)
        break
    }
    this.check()
  }

  check(): void {
    const { model, queue, clock } = this
    expect(this.starts).toEqual(model.starts)
    expect(queue.pending().map((job) => job.arg.n)).toEqual(model.pending.map((job) => job.n))
    expect(queue.underway().map((job) => job.arg.n)).toEqual(model.underway.map((job) => job.n))
    expect(queue.size()).toEqual({ pending: model.pending.length, underway: model.underway.length })
    for (const job of model.jobs) {
      const { deferred, watcher, fired, result } = this.put[job.n] as Pair['put'][number]
      const real = deferred.job
      const over = job.state !== 'pending' && job.state !== 'underway'
      const times = { start: job.startTime, stop: job.stopTime }
      const realTimes = { start: fromEpoch(real.startTime), stop: fromEpoch(real.stopTime) }
      if (real.state !== job.state || fired !== (over ? 1 : 0) || watcher.called !== over) {
        expect({ n: job.n, state: real.state, fired, watched: watcher.called }).toEqual({
          n: job.n,
          state: job.state,
          fired: over ? 1 : 0,
          watched: over,
        })
      }
      if (over && !fits(real, result)) expect([real.state, result]).toBe('a result that fits the state')
      if (times.start !== realTimes.start || times.stop !== realTimes.stop) expect(realTimes).toEqual(times)
    }
    const drained = model.underway.length === 0
    for (const idle of this.idles) {
      idle.came ||= drained && model.pending.length === 0
      if (idle.deferred.called !== idle.came) expect(idle.deferred.called).toBe(idle.came)
    }
    for (const pause of this.pauses) {
      pause.came ||= drained
      if (pause.deferred.called !== pause.came) expect(pause.deferred.called).toBe(pause.came)
    }
    for (const room of this.rooms) {
      room.came ||= model.pending.length < room.limit
      if (room.deferred.called !== room.came) expect(room.deferred.called).toBe(room.came)
    }
    const { blockedBy } = model
    model.pending.forEach(({ n }, i) => {
      const why = queue.explain((this.put[n] as Pair['put'][number]).deferred.job)
      if (why.position !== i + 1 || why.blockedBy !== blockedBy) expect(why).toMatchObject({ position: i + 1, blockedBy })
    })
    for (const stop of this.stops) expect(stop.called).toBe(drained)
    // One timer for each job that has a limit and runs, and one if only the rate holds the next job back.
    const running = model.jobs.filter((job) => job.state === 'underway')
    const held = model.pending.length > 0 && !model.paused && model.underway.length < model.width && !model.stopped
    expect(clock.pendingTimers).toBe(running.filter((job) => job.timeout !== Infinity).length + (held ? 1 : 0))
  }

  /** Whatever was done: after a stop, and the end of all work, nothing is left. */
  async finish(): Promise<void> {
    this.run({ do: 'stop', cancelUnderway: false })
    while (this.model.underway.length > 0) this.run({ do: 'end', which: 0, well: true })
    for (const stop of this.stops) {
      expect(stop.peek()).toEqual({ status: 'fulfilled', value: expect.anything() })
      stop.addCallback((jobs) => expect(jobs.map((job) => job.arg.n)).toEqual(this.model.notDone))
    }
    for (const waiter of [...this.idles, ...this.pauses, ...this.rooms]) expect(waiter.deferred.called).toBe(true)
    expect(this.put.filter((entry) => entry.fired !== 1)).toEqual([])
    expect(this.clock.pendingTimers).toBe(0)
    await this.looped
    // Of what happens in one moment, the model does not know which is first.
    const inOrder = (jobs: readonly number[]): string[] =>
      jobs.map((n) => [this.model.jobs[n]?.stopTime, n] as const).sort(([a = 0, m], [b = 0, n]) => a - b || m - n).map(String)
    expect(inOrder(this.over)).toEqual(inOrder(this.model.over))
    const times = this.over.map((n) => this.model.jobs[n]?.stopTime as number)
    expect(times).toEqual(times.toSorted((a, b) => a - b))
    this.#checkHeard()
    // No handler waits for another job.
    expect(this.warnings).toEqual([])
  }

  /** Told of each state of each job, in order of time; the last word about the queue is how it stands. */
  #checkHeard(): void {
    const states = new Map<number, string[]>(this.model.jobs.map(({ n }) => [n, []]))
    let time = 0
    for (const event of this.heard) {
      if (event.type === 'queue') continue
      expect(event.time).toBeGreaterThanOrEqual(time)
      time = event.time
      const seen = states.get(event.job.arg.n) as string[]
      if (seen.at(-1) !== event.state) seen.push(event.state)
    }
    for (const job of this.model.jobs) {
      const started = job.startTime === undefined ? [] : ['underway']
      const expected = this.model.over.includes(job.n) ? ['pending', ...started, job.state] : []
      expect(states.get(job.n)).toEqual(expected)
    }
    const count = (state: string): number => this.model.over.filter((n) => this.model.jobs[n]?.state === state).length
    const counts = { pending: 0, underway: 0, finished: count('finished'), failed: count('failed'), cancelled: count('cancelled') }
    const { width, rate, paused } = this.model
    expect(this.queue.status()).toEqual({ width, rate, paused, stopped: true, counts, places: 0 })
    expect(this.heard.findLast(({ type }) => type === 'queue')).toBeDefined()
  }
}

function fromEpoch(time: number | undefined): number | undefined {
  return time === undefined ? undefined : time - 1000
}

test('whatever is done to it, a queue does what a plain model of it does', { timeout: patience }, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.nat(4),
      fc.oneof({ weight: 3, arbitrary: fc.constant(Infinity) }, fc.nat(3)),
      fc.array(command, { maxLength: 60, size: 'max' }),
      async (width, size, commands) => {
        const pair = new Pair(width, size)
        for (const command of commands) pair.run(command)
        await pair.finish()
      },
    ),
    runs(),
  )
})
