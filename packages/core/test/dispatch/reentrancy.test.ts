import fc from 'fast-check'
import { type Awaitable, Deferred, type Job, type JobDeferred, ManualClock, type Rate, ResizableDispatchQueue, succeed } from 'potoroo'
import { expect, test } from 'vitest'
import { patience, runs } from './runs.ts'

// Handlers, callbacks and cancellers that turn on the queue that is calling them. What exactly happens then is a long
// story; what must hold all the same is not.

type Action =
  | { do: 'put'; spec: Spec }
  | { do: 'cancel' | 'end'; which: number }
  | { do: 'cancel itself' }
  | { do: 'reprioritize'; which: number; priority: number }
  | { do: 'width'; width: number }
  | { do: 'resume'; width: number | undefined }
  | { do: 'pause' | 'clear' | 'idle' | 'stop' | 'stop now' }
  | { do: 'advance'; ms: number }

interface Spec {
  readonly kind: 'value' | 'throw' | 'succeeded' | 'deferred' | 'stubborn'
  readonly priority: number
  readonly timeout: number
  /** What its handler does, the callbacks of its deferred, and its canceller or whoever listens to its signal. */
  readonly onStart: Action[]
  readonly onEnd: Action[]
  readonly onCancel: Action[]
}

const which = fc.nat(1000)
const width = fc.constantFrom(0, 1, 1, 2, 2, 3, 4)
const { action } = fc.letrec<{ action: Action; spec: Spec }>((tie) => ({
  action: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    { weight: 15, arbitrary: fc.record({ do: fc.constantFrom('cancel' as const, 'end' as const, 'end' as const), which }) },
    { weight: 40, arbitrary: fc.record({ do: fc.constant('put' as const), spec: tie('spec') }) },
    { weight: 4, arbitrary: fc.constant<Action>({ do: 'cancel itself' }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('reprioritize' as const), which, priority: fc.nat(3) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('width' as const), width }) },
    { weight: 6, arbitrary: fc.record({ do: fc.constant('resume' as const), width: fc.option(width, { nil: undefined }) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('pause' as const, 'clear' as const, 'idle' as const) }) },
    { weight: 10, arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.nat(20) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('stop' as const, 'stop now' as const, 'idle' as const) }) },
  ),
  spec: fc.record({
    kind: fc.constantFrom('value', 'throw', 'succeeded', 'deferred', 'deferred', 'stubborn'),
    priority: fc.nat(3),
    timeout: fc.oneof({ weight: 3, arbitrary: fc.constant(Infinity) }, fc.nat(20)),
    onStart: fc.array(tie('action'), { maxLength: 2 }),
    onEnd: fc.array(tie('action'), { maxLength: 2 }),
    onCancel: fc.array(tie('action'), { maxLength: 1 }),
  }),
}))

class World {
  readonly clock = new ManualClock()
  readonly rate: Rate | undefined
  readonly queue: ResizableDispatchQueue<number, number>
  readonly specs: Spec[] = []
  readonly deferreds: JobDeferred<number, number>[] = []
  readonly fired: number[] = []
  /** What ends the work of each job that is at work. */
  readonly working = new Map<number, () => void>()
  readonly starts: number[] = []
  readonly waiters: Deferred<unknown>[] = []
  readonly wrong: string[] = []
  #advancing = false

  constructor(width: number, rate: Rate | undefined) {
    this.rate = rate
    this.queue = new ResizableDispatchQueue((n: number, job) => this.#handle(n, job), {
      width,
      clock: this.clock,
      rate,
      onWarning: () => this.wrong.push('a deadlock, though nobody waits for a job'),
    })
  }

  #handle(n: number, job: Job<number, number>): Awaitable<number> {
    const { queue, working } = this
    const spec = this.specs[n] as Spec
    this.working.set(n, () => {})
    this.starts.push(this.clock.now())
    if (queue.paused || queue.stopped) this.wrong.push(`${n} started in a queue that is not running`)
    if (working.size > queue.width) this.wrong.push(`${n} started as one of ${working.size} in a width of ${queue.width}`)
    if (job.state !== 'underway') this.wrong.push(`${n} started ${job.state}`)
    for (const other of queue.pending()) {
      if (other.priority < job.priority || (other.priority === job.priority && other.arg < n)) {
        this.wrong.push(`${n} started before ${other.arg}`)
      }
    }
    const ends = <T>(end: () => T): T => {
      working.delete(n)
      return end()
    }
    if (spec.kind === 'stubborn') job.signal.addEventListener('abort', () => this.runAll(spec.onCancel, n))
    this.runAll(spec.onStart, n)
    switch (spec.kind) {
      case 'value':
        return ends(() => n)
      case 'throw':
        return ends(() => {
          throw new Error('thrown')
        })
      case 'succeeded':
        return ends(() => succeed(n))
      case 'deferred': {
        const deferred = new Deferred<number>(() => {
          this.runAll(spec.onCancel, n)
          working.delete(n)
        })
        working.set(n, () => ends(() => deferred.callback(n)))
        return deferred
      }
      case 'stubborn': {
        const then = (onValue: (value: number) => void): void => {
          working.set(n, () => ends(() => onValue(n)))
        }
        return { then } as PromiseLike<number>
      }
    }
  }

  runAll(actions: readonly Action[], self: number): void {
    for (const action of actions) this.run(action, self)
  }

  run(action: Action, self: number): void {
    const { queue, deferreds } = this
    switch (action.do) {
      case 'put': {
        const n = this.specs.push(action.spec) - 1
        this.fired.push(0)
        const deferred = queue.put(n, { priority: action.spec.priority, timeout: action.spec.timeout })
        deferreds[n] = deferred
        deferred.addBoth(() => {
          this.fired[n] = (this.fired[n] as number) + 1
          if (deferred.job.state === 'pending' || deferred.job.state === 'underway') this.wrong.push(`${n} fired too early`)
          this.runAll(action.spec.onEnd, n)
        })
        break
      }
      case 'cancel':
        deferreds[action.which % deferreds.length]?.job.cancel()
        break
      case 'cancel itself':
        deferreds[self]?.cancel()
        break
      case 'end':
        ;[...this.working.values()][action.which % this.working.size]?.()
        break
      case 'reprioritize': {
        const job = deferreds[action.which % deferreds.length]?.job
        if (job?.state === 'pending' && queue.pending().includes(job)) job.reprioritize(action.priority)
        break
      }
      case 'width':
        queue.width = action.width
        break
      case 'resume':
        if (!queue.stopped) queue.resume(action.width)
        break
      case 'pause':
        this.waiters.push(queue.pause())
        break
      case 'idle':
        this.waiters.push(queue.idle())
        break
      case 'clear':
        queue.clearQueue()
        break
      case 'stop':
      case 'stop now':
        this.waiters.push(queue.stop({ cancelUnderway: action.do === 'stop now' }))
        break
      case 'advance':
        // A timer that moves the time on is nothing that happens outside of a test.
        if (this.#advancing) break
        this.#advancing = true
        this.clock.advance(action.ms)
        this.#advancing = false
        break
    }
  }

  /** What holds when nobody is in the middle of anything. */
  rest(): void {
    const { queue, working, clock } = this
    const { pending, underway } = queue.size()
    if (underway !== working.size) this.wrong.push(`${underway} underway, but ${working.size} at work`)
    const room = !queue.paused && !queue.stopped && working.size < queue.width
    if (pending > 0 && room && !this.held()) this.wrong.push('a job waits for no reason')
    if (queue.stopped && pending > 0) this.wrong.push('a job waits in a queue that was stopped')
    if (underway === 0 && pending === 0 && this.waiters.some((waiter) => !waiter.called)) this.wrong.push('someone waits for nothing')
    if (pending === 0 && underway === 0 && clock.pendingTimers > 0) this.wrong.push('a timer is left')
    expect(this.wrong).toEqual([])
  }

  /** Whether the rate allows no start now. */
  held(): boolean {
    const { rate } = this
    return rate !== undefined && this.starts.filter((time) => time + rate.per > this.clock.now()).length >= rate.limit
  }

  finish(): void {
    const { queue } = this
    // Puts in callbacks may go on for as long as there are specs; stopping ends that.
    this.run({ do: 'stop' }, -1)
    while (this.working.size > 0) this.run({ do: 'end', which: 0 }, -1)
    this.rest()
    expect(queue.size()).toEqual({ pending: 0, underway: 0 })
    expect(this.fired.filter((times) => times !== 1)).toEqual([])
    const { starts, rate } = this
    if (rate === undefined) return
    starts.forEach((time, i) => {
      const next = starts[i + rate.limit]
      if (next !== undefined) expect(next - time).toBeGreaterThanOrEqual(rate.per)
    })
  }
}

test('whoever is called by a queue may do anything to it', { timeout: patience }, () => {
  fc.assert(
    fc.property(
      width,
      fc.option(fc.record({ limit: fc.integer({ min: 1, max: 5 }), per: fc.integer({ min: 1, max: 15 }) }), { nil: undefined, freq: 2 }),
      fc.array(action, { minLength: 5, maxLength: 30, size: 'max' }),
      (width, rate, actions) => {
        const world = new World(width, rate)
        for (const each of actions) {
          world.run(each, -1)
          world.rest()
        }
        world.finish()
      },
    ),
    runs(),
  )
})
