import { once } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import {
  type Awaitable,
  Deferred,
  type Failure,
  gatherResults,
  inlineCallbacks,
  type Job,
  ManualClock,
  QueueDeadlock,
  ResizableDispatchQueue,
  setUnhandledFailureHandler,
  sleep,
} from 'potoroo'
import { afterEach, describe, expect, test } from 'vitest'
import { runs } from './runs.ts'

type Queue = ResizableDispatchQueue<number, unknown>
type Handler = (n: number, queue: Queue, job: Job<number, unknown>) => Awaitable<unknown>

interface World {
  readonly clock: ManualClock
  readonly queue: Queue
  readonly warnings: QueueDeadlock[]
  /** Lets microtasks run, and `ms` milliseconds pass. */
  pass(ms?: number): Promise<void>
}

function make(handler: Handler, width = 1): World {
  const clock = new ManualClock()
  const warnings: QueueDeadlock[] = []
  const queue: Queue = new ResizableDispatchQueue<number, unknown>((n, job) => handler(n, queue, job), {
    width,
    clock,
    onWarning: (warning) => warnings.push(warning),
  })
  return {
    clock,
    queue,
    warnings,
    async pass(ms = 0) {
      await setImmediate()
      for (let i = 0; i < ms; i++) {
        clock.advance(1)
        for (let turns = 0; turns < 20; turns++) await Promise.resolve()
      }
      await setImmediate()
    },
  }
}

describe('a queue whose handlers wait, at full width, for what they put into it, says so', () => {
  const certain: [string, Handler][] = [
    ['return the deferred of put', (n, queue) => n > 0 && queue.put(n - 1)],
    ['return it with callbacks', (n, queue) => n > 0 && queue.put(n - 1).addCallback(({ result }) => result)],
    ['wait in a coroutine', (n, queue) => n > 0 && coroutine(queue, n)],
    ['return a watch', (n, queue) => n > 0 && queue.put(n - 1).job.watch()],
  ]
  const coroutine = inlineCallbacks(function* (queue: Queue, n: number) {
    yield* queue.put(n - 1)
  })

  test.each(certain)('at once, if they %s', async (_, handler) => {
    const { queue, warnings, pass, clock } = make(handler)
    const { job } = queue.put(1)
    expect(warnings).toEqual([])
    await pass()
    expect(warnings).toEqual([expect.any(QueueDeadlock)])
    expect(warnings[0]).toMatchObject({ name: 'QueueDeadlock', code: 'ERR_QUEUE_DEADLOCK', jobs: [job] })
    expect(warnings[0]?.message).toContain('Widen the queue')
    expect(clock.pendingTimers).toBe(0)
  })

  test('at once, if they come to wait only later', async () => {
    const { queue, warnings, pass, clock } = make((n, queue) => n > 0 && sleep(clock, 50).addCallback(() => queue.put(n - 1)))
    queue.put(1)
    await pass(49)
    expect(warnings.length).toBe(0)
    await pass(1)
    expect(warnings.length).toBe(1)
  })

  test.each<[string, Handler]>([
    ['await', async (n, queue) => n > 0 && (await queue.put(n - 1))],
    ['await Promise.all', async (n, queue) => n > 0 && (await Promise.all([queue.put(n - 1), queue.put(n - 1)]))],
    ['return it from an async function', async (n, queue) => n > 0 && queue.put(n - 1)],
    ['await it later', async (n, queue) => {
      if (n === 0) return
      const child = queue.put(n - 1)
      await new Promise((resolve) => void setImmediate().then(resolve))
      await child
    }],
    ['gather', (n, queue) => n > 0 && gatherResults([queue.put(n - 1), queue.put(n - 1)])],
  ])('when nothing has moved for a second, if they %s', async (_, handler) => {
    const { queue, warnings, pass, clock } = make(handler)
    queue.put(1)
    await pass(999)
    expect(warnings.length).toBe(0)
    await pass(1)
    expect(warnings.length).toBe(1)
    expect(clock.pendingTimers).toBe(0)
  })

  test('only when all places are taken so', async () => {
    const ends: Deferred<void>[] = []
    const { queue, warnings, pass } = make((n, queue) => {
      if (n > 0) return queue.put(0)
      ends.push(new Deferred())
      return ends.at(-1)
    }, 2)
    queue.put(0)
    queue.put(1)
    queue.put(1, { priority: -1 })
    await pass(2000)
    expect([warnings.length, queue.size()]).toEqual([0, { pending: 2, underway: 2 }])
    ends[0]?.callback()
    await pass()
    expect(warnings.map(({ jobs }) => jobs.length)).toEqual([2])
  })

  test('when it was narrowed to that', async () => {
    const end = new Deferred<void>()
    const { queue, warnings, pass } = make((n, queue) => (n > 0 ? queue.put(n - 1) : end), 2)
    for (const n of [0, 1]) queue.put(n)
    queue.width = 1
    await pass()
    expect(warnings.length).toBe(0)
    end.callback()
    await pass()
    expect(warnings.length).toBe(1)
  })

  test('once for each deadlock', async () => {
    const { queue, warnings, pass } = make((n, queue) => n > 0 && queue.put(n - 1))
    queue.put(3)
    for (let i = 0; i < 3; i++) {
      queue.put(0)
      await pass(1000)
    }
    expect(warnings.length).toBe(1)
    queue.width = 2
    await pass()
    expect([warnings.length, warnings[1]?.jobs.length]).toEqual([2, 2])
    queue.width = 5
    expect(queue.size()).toEqual({ pending: 0, underway: 0 })
  })

  test('and stopping it settles everything', async () => {
    const { queue, pass, clock } = make(async (n, queue) => n > 0 && (await queue.put(n - 1)))
    const first = queue.put(1).addErrback((failure) => failure.value)
    await pass(500)
    const stop = queue.stop()
    await pass()
    expect([stop.called, await first]).toMatchObject([true, { code: 'ERR_JOB_FAILED', cause: { code: 'ERR_JOB_CANCELLED' } }])
    expect(clock.pendingTimers).toBe(0)
  })
})

describe('there is no alarm', () => {
  const forget: [string, Handler][] = [
    ['put and do not wait', (n, queue) => {
      if (n > 0) queue.put(n - 1)
    }],
    ['put, and only log how it went', (n, queue) => {
      if (n > 0) void queue.put(n - 1).then(() => {}, () => {})
      if (n > 0) void queue.put(n - 1).catch(() => {})
    }],
    ['put, add callbacks, and do something that takes long', (n, queue) => {
      if (n > 0) queue.put(n - 1).addCallback(() => {}).addErrback(() => {})
      return world && sleep(world.clock, 5000)
    }],
  ]
  let world: World | undefined

  test.each(forget)('if handlers %s', async (_, handler) => {
    world = make(handler)
    for (let i = 0; i < 3; i++) world.queue.put(2)
    await world.pass(3000)
    expect(world.warnings).toEqual([])
  })

  test('if they wait, and there is room', async () => {
    const { queue, warnings, pass } = make(async (n, queue) => n > 0 && (await queue.put(n - 1)), 4)
    const { job } = queue.put(3)
    await pass(2000)
    expect([job.state, warnings]).toEqual(['finished', []])
  })

  test('if others wait for their jobs, however long those that are underway take', async () => {
    const { queue, warnings, pass } = make(() => new Promise(() => {}), 2)
    for (let n = 0; n < 5; n++) void (async () => queue.put(n))().catch(() => {})
    await pass(5000)
    expect(warnings).toEqual([])
    void queue.stop()
  })

  test('if they wait for jobs of another queue', async () => {
    const other = make(() => new Deferred<void>())
    const { queue, warnings, pass } = make(() => other.queue.put(0))
    for (let n = 0; n < 3; n++) queue.put(n)
    await pass(2000)
    expect([warnings, other.warnings]).toEqual([[], []])
  })

  test('if the rate holds them back, or a pause', async () => {
    const { queue, warnings, pass } = make((n, queue) => n > 0 && queue.put(n - 1), 2)
    queue.rate = { limit: 1, per: 5000 }
    queue.put(1)
    await pass(2000)
    queue.pause()
    await pass(2000)
    expect(warnings).toEqual([])
  })
})

test('whatever handlers wait for, all comes to its end, or it is said that it cannot', async () => {
  interface Spec {
    readonly how: 'chain' | 'coroutine' | 'late coroutine' | 'await' | 'all' | 'gather' | 'forget' | 'sleep'
    readonly children: Spec[]
  }
  const how = fc.constantFrom<Spec['how'][]>('chain', 'coroutine', 'late coroutine', 'await', 'all', 'gather', 'forget', 'sleep')
  const leaf: fc.Arbitrary<Spec> = fc.record({ how, children: fc.constant([]) })
  const above = (children: fc.Arbitrary<Spec>): fc.Arbitrary<Spec> =>
    fc.record({ how, children: fc.array(fc.oneof(leaf, children), { maxLength: 3, size: 'max' }) })
  const spec = above(above(above(leaf)))
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 4 }), fc.array(spec, { minLength: 1, maxLength: 4 }), async (width, specs) => {
      const clock = new ManualClock()
      let warnings = 0
      const queue: ResizableDispatchQueue<Spec, unknown> = new ResizableDispatchQueue<Spec, unknown>(handle, {
        width,
        clock,
        onWarning: () => void warnings++,
      })
      const inTurn = inlineCallbacks(function* (children: Spec[], late: boolean) {
        if (late) yield* sleep(clock, 3)
        for (const child of children) yield* queue.put(child)
      })
      function handle({ how, children }: Spec): Awaitable<unknown> {
        const [first] = children
        if (first === undefined) return how === 'sleep' ? sleep(clock, 5) : undefined
        switch (how) {
          case 'chain':
            return queue.put(first)
          case 'coroutine':
          case 'late coroutine':
            return inTurn(children, how === 'late coroutine')
          case 'await':
            return (async () => queue.put(first))()
          case 'all':
            return Promise.all(children.map((child) => queue.put(child)))
          case 'gather':
            return gatherResults(children.map((child) => queue.put(child)))
          case 'forget':
          case 'sleep':
            for (const child of children) queue.put(child).addErrback(() => {})
            return sleep(clock, 5)
        }
      }
      for (const each of specs) queue.put(each).addErrback(() => {})
      const idle = queue.idle()
      for (let i = 0; i < 60 && !idle.called && warnings === 0; i++) {
        for (let turns = 0; turns < 20; turns++) await Promise.resolve()
        clock.advance(50)
      }
      expect(idle.called).toBe(warnings === 0)
      if (warnings > 0) {
        // It was no false alarm: nothing moves.
        const before = queue.underway()
        for (let i = 0; i < 20; i++) {
          await Promise.resolve()
          clock.advance(100)
        }
        expect(queue.underway()).toEqual(before)
      }
      const stop = queue.stop({ cancelUnderway: true })
      for (let i = 0; i < 20 && !stop.called; i++) {
        for (let turns = 0; turns < 20; turns++) await Promise.resolve()
        clock.advance(10)
      }
      expect(stop.called).toBe(true)
      expect(clock.pendingTimers).toBe(0)
    }),
    runs(300),
  )
})

describe('the warning', () => {
  let restore = (): void => {}
  afterEach(() => restore())

  test('is the runtime’s, unless somebody else wants it', async () => {
    const queue: Queue = new ResizableDispatchQueue<number, unknown>((n) => queue.put(n), { width: 1 })
    const warned = once(process, 'warning')
    queue.put(1)
    const [warning] = (await warned) as [Error & { code: string }]
    expect(warning).toMatchObject({ name: 'QueueDeadlock', code: 'ERR_QUEUE_DEADLOCK', message: expect.stringMatching(/^Deadlock: the only job underway/) })
  })

  test('goes to a function that may throw: that is reported as an unhandled failure', async () => {
    const failures: unknown[] = []
    const before = setUnhandledFailureHandler((failure: Failure) => failures.push(failure.value))
    restore = () => void setUnhandledFailureHandler(before)
    const queue: Queue = new ResizableDispatchQueue<number, unknown>((n) => queue.put(n), {
      width: 1,
      onWarning() {
        throw new Error('not now')
      },
    })
    queue.put(1)
    await setImmediate()
    expect(queue.size()).toEqual({ pending: 1, underway: 1 })
  })

  test('is not for something else', () => {
    expect(() => new ResizableDispatchQueue(() => {}, { onWarning: 'loud' as never })).toThrow(
      expect.objectContaining({ name: 'TypeError', code: 'ERR_NOT_A_FUNCTION' }),
    )
  })
})
