import fc from 'fast-check'
import { Deferred, type Job, ManualClock, ResizableDispatchQueue, sleep } from 'potoroo'
import { describe, expect, test } from 'vitest'
import { hold } from './held.ts'
import { runs } from './runs.ts'

const last = <T>(list: T[]): T => list.at(-1) as T

describe('explain', () => {
  test('a job that is pending for want of a place', () => {
    const clock = new ManualClock(1000)
    const { queue, end } = hold(1, { clock })
    for (const name of 'abc') queue.put(name)
    const job = last(queue.pending())
    expect(queue.explain(job)).toEqual({ state: 'pending', position: 2, blockedBy: 'width', estimatedStart: null })
    // Now it is known how long they take.
    clock.advance(10)
    end('a')
    clock.advance(3)
    expect(queue.explain(job)).toEqual({ state: 'pending', position: 1, blockedBy: 'width', estimatedStart: 1020 })
  })

  test('in a queue without places, or with too few, or whose jobs take longer than usual', () => {
    const clock = new ManualClock()
    const { queue, end } = hold(3, { clock })
    for (const name of 'abcde') queue.put(name)
    clock.advance(10)
    end('a')
    const job = last(queue.pending())
    queue.width = 0
    expect(queue.explain(job)).toMatchObject({ blockedBy: 'width', estimatedStart: null })
    queue.width = 1
    // Those two end now, by the mean; then there is a place when 'd' ends.
    expect(queue.explain(job)).toMatchObject({ blockedBy: 'width', estimatedStart: 20 })
    clock.advance(100)
    expect(queue.explain(job)).toMatchObject({ estimatedStart: 110 })
  })

  test('one that the rate holds back', () => {
    const clock = new ManualClock()
    const { queue } = hold(9, { rate: { limit: 2, per: 100 }, clock })
    for (const name of 'abcde') queue.put(name)
    expect(queue.pending().map((job) => queue.explain(job))).toEqual([
      { state: 'pending', position: 1, blockedBy: 'rate', estimatedStart: 100 },
      { state: 'pending', position: 2, blockedBy: 'rate', estimatedStart: 100 },
      { state: 'pending', position: 3, blockedBy: 'rate', estimatedStart: 200 },
    ])
    expect(clock.pendingTimers).toBe(1)
  })

  test('one in a queue that is paused', () => {
    const { queue } = hold(1)
    queue.pause()
    expect(queue.explain(queue.put('a').job)).toEqual({ state: 'pending', position: 1, blockedBy: 'paused', estimatedStart: null })
  })

  test('one that waits for those that wait for it', () => {
    const queue: ResizableDispatchQueue<number, unknown> = new ResizableDispatchQueue<number, unknown>((n) => queue.put(n + 1), {
      width: 1,
      onWarning: () => {},
    })
    queue.put(0)
    expect(queue.explain(last(queue.pending()))).toEqual({ state: 'pending', position: 1, blockedBy: 'deadlock', estimatedStart: null })
  })

  test('one that is underway, and one that is over', () => {
    const { queue, end } = hold(1)
    const { job } = queue.put('a')
    expect(queue.explain(job)).toEqual({ state: 'underway', position: null, blockedBy: null, estimatedStart: null })
    end('a')
    expect(queue.explain(job)).toEqual({ state: 'finished', position: null, blockedBy: null, estimatedStart: null })
  })

  test('knows the position whatever the priorities', () => {
    const { queue } = hold(0)
    for (const [name, priority] of [['a', 1], ['b', -1], ['c', 0], ['d', 1]] as const) queue.put(name, { priority })
    expect(queue.pending().map((job) => queue.explain(job).position)).toEqual([1, 2, 3, 4])
  })

  test('knows nothing of other queues’ jobs', () => {
    const { job } = hold(0).queue.put('a')
    expect(() => hold(0).queue.explain(job)).toThrow(expect.objectContaining({ name: 'KeyError', code: 'ERR_KEY' }))
    expect(() => hold(0).queue.explain(undefined as unknown as Job<string, string>)).toThrow(expect.objectContaining({ code: 'ERR_KEY' }))
  })

  test('is right to the millisecond where all jobs take the same time and nothing is changed', () => {
    const rate = fc.record({ limit: fc.integer({ min: 1, max: 4 }), per: fc.integer({ min: 1, max: 30 }) })
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.option(fc.array(rate, { minLength: 1, maxLength: 2 }), { nil: undefined }),
        fc.integer({ min: 1, max: 20 }),
        fc.array(fc.record({ wait: fc.nat(8), priority: fc.nat(2) }), { minLength: 2, maxLength: 20 }),
        fc.nat(4),
        (width, rate, duration, puts, narrowed) => {
          const clock = new ManualClock(1000)
          const queue = new ResizableDispatchQueue(() => sleep(clock, duration), { width, rate, clock })
          queue.put(undefined)
          clock.advance(duration)
          for (const { wait, priority } of puts) {
            queue.put(undefined, { priority })
            clock.advance(wait)
          }
          queue.width = Math.max(1, width - narrowed)
          const expected = queue.pending().map((job) => [job, queue.explain(job).estimatedStart] as const)
          clock.advance(100_000)
          for (const [job, start] of expected) expect(job.startTime).toBe(start)
        },
      ),
      runs(),
    )
  })

  test('changes nothing', () => {
    const clock = new ManualClock()
    const queue = new ResizableDispatchQueue(() => new Deferred<void>(), { width: 5, rate: [{ limit: 1, per: 10 }], clock })
    for (let n = 0; n < 3; n++) queue.put(n)
    for (let n = 0; n < 3; n++) queue.explain(last(queue.pending()))
    clock.advance(20)
    expect(queue.underway().map(({ startTime }) => startTime)).toEqual([0, 10, 20])
  })
})
