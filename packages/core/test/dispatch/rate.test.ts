import fc from 'fast-check'
import { ManualClock, ResizableDispatchQueue, SlidingWindow } from 'potoroo'
import { describe, expect, test } from 'vitest'
import { hold } from './held.ts'
import { runs } from './runs.ts'

const rate = fc.record({ limit: fc.integer({ min: 1, max: 12 }), per: fc.integer({ min: 1, max: 40 }) })

describe('a sliding window', () => {
  test('lets through as much as it may, and no more', () => {
    fc.assert(
      fc.property(rate, fc.array(fc.nat(15), { maxLength: 200, size: 'max' }), (rate, steps) => {
        const window = new SlidingWindow(rate)
        const starts: number[] = []
        let now = 1_700_000_000_000
        for (const step of steps) {
          now += step
          const earliest = window.nextTime(now)
          const allowed = starts.filter((time) => time + rate.per > now).length < rate.limit
          expect(earliest).toBe(allowed ? now : (starts.at(-rate.limit) as number) + rate.per)
          expect(window.take(now)).toBe(allowed)
          if (allowed) starts.push(now)
        }
      }),
      runs(),
    )
  })

  test('is half open: with a limit of one, the next start is at `per`', () => {
    const window = new SlidingWindow({ limit: 1, per: 1000 })
    expect([window.take(0), window.take(999), window.nextTime(999), window.take(1000)]).toEqual([true, false, 1000, true])
  })

  test('is right with fractions of milliseconds too', () => {
    const window = new SlidingWindow({ limit: 1, per: 0.5 })
    expect([window.take(0.25), window.take(0.5), window.nextTime(0.5), window.take(0.75)]).toEqual([true, false, 0.75, true])
  })

  test.each([{ limit: 0, per: 1 }, { limit: 1.5, per: 1 }, { limit: Infinity, per: 1 }, { limit: 1, per: 0 }, { limit: 1, per: NaN }, { limit: 1, per: Infinity }, {}, null])(
    'refuses %o as a rate',
    (rate) => {
      expect(() => new SlidingWindow(rate as never)).toThrow(expect.objectContaining({ name: 'RangeError', code: 'ERR_INVALID_RATE' }))
    },
  )

  test('cannot have its rate changed from outside', () => {
    const rate = { limit: 1, per: 10 }
    const window = new SlidingWindow(rate)
    rate.limit = 100
    expect([window.take(0), window.take(0), window.rate]).toEqual([true, false, { limit: 1, per: 10 }])
  })

  test('keeps several rates at once', () => {
    const window = new SlidingWindow([{ limit: 2, per: 10 }, { limit: 3, per: 100 }])
    expect([0, 1, 2, 10, 11, 99, 100, 101, 102, 109, 110].filter((now) => window.take(now))).toEqual([0, 1, 10, 100, 101, 110])
  })

  test('lets through as much as all of several rates allow, however they change, and no more', () => {
    const rates = fc.array(rate, { minLength: 1, maxLength: 3 })
    const step = fc.oneof({ weight: 8, arbitrary: fc.nat(10) }, { weight: 1, arbitrary: rates })
    fc.assert(
      fc.property(rates, fc.array(step, { maxLength: 150, size: 'max' }), (first, steps) => {
        const window = new SlidingWindow(first)
        let current = first
        const all: number[] = []
        let starts: number[] = []
        let now = 0
        const allowed = (starts: number[]): boolean =>
          current.every(({ limit, per }) => starts.filter((time) => time + per > now).length < limit)
        for (const step of steps) {
          if (typeof step !== 'number') {
            window.setRate(step, now)
            current = step
            starts = []
            continue
          }
          now += step
          const earliest = window.nextTime(now)
          const took = window.take(now)
          expect(took).toBe(earliest === now)
          // It may hold back for what was started under other rates, but for nothing else.
          if (took) expect(allowed(starts)).toBe(true)
          else expect(allowed(all)).toBe(false)
          if (!took) continue
          all.push(now)
          starts.push(now)
        }
      }),
      runs(),
    )
  })

  test('a list of rates has one at least, and each is checked', () => {
    for (const wrong of [[], [{ limit: 1, per: 1 }, { limit: 0, per: 1 }], [null]]) {
      expect(() => new SlidingWindow(wrong as never)).toThrow(expect.objectContaining({ name: 'RangeError', code: 'ERR_INVALID_RATE' }))
    }
  })

  test('neither stalls nor lets more through when its clock is set back', () => {
    const hour = 3_600_000
    const window = new SlidingWindow({ limit: 2, per: 1000 })
    for (const now of [hour, hour + 500]) expect(window.take(now)).toBe(true)
    // The clock says 0 now: no time has passed, as far as anyone can tell.
    expect([window.take(0), window.nextTime(0), window.take(499), window.take(500)]).toEqual([false, 500, false, true])
    expect([window.take(999), window.take(1000)]).toEqual([false, true])
  })

  test('remembers under a new rate what the old one had to', () => {
    const window = new SlidingWindow({ limit: 3, per: 1000 })
    for (const now of [0, 10, 20]) window.take(now)
    window.setRate({ limit: 4, per: 2000 }, 30)
    expect([window.take(30), window.take(30), window.nextTime(30)]).toEqual([true, false, 2000])
    window.setRate({ limit: 1, per: 100 }, 40)
    expect([window.nextTime(40), window.take(130)]).toEqual([130, true])
  })

  test('turned down and up again, forgets nothing that counts', () => {
    const window = new SlidingWindow({ limit: 10, per: 1000 })
    for (let i = 0; i < 10; i++) window.take(i)
    window.setRate({ limit: 1, per: 10 }, 20)
    expect(window.take(20)).toBe(true)
    window.setRate({ limit: 10, per: 1000 }, 40)
    // Eleven were started since 0: the next when the second of them is a second old.
    expect(window.nextTime(40)).toBe(1001)
  })

  test('however its rate changes, every rate is kept for as long as it is in force', () => {
    const step = fc.oneof(
      { weight: 8, arbitrary: fc.record({ wait: fc.nat(10) }) },
      { weight: 1, arbitrary: fc.record({ rate }) },
    )
    fc.assert(
      fc.property(rate, fc.array(step, { maxLength: 150, size: 'max' }), (first, steps) => {
        const window = new SlidingWindow(first)
        let current = first
        let since = 0
        let starts: { time: number }[] = []
        const all: number[] = []
        let now = 0
        for (const step of steps) {
          if ('rate' in step) {
            window.setRate(step.rate, now)
            current = step.rate
            starts = []
            since = now
            continue
          }
          now += step.wait
          const { limit, per } = current
          // It may hold back for what was started under other rates, but for nothing else.
          if (all.filter((time) => time + per > now).length < limit) expect(window.nextTime(now)).toBe(now)
          if (!window.take(now)) continue
          all.push(now)
          starts.push({ time: now })
          expect(now).toBeGreaterThanOrEqual(since)
          expect(starts.filter(({ time }) => time + per > now).length).toBeLessThanOrEqual(limit)
        }
      }),
      runs(),
    )
  })
})

describe('a queue with a rate', () => {
  test('starts a burst, and the next when the window allows, with one timer', () => {
    const clock = new ManualClock()
    const times: number[] = []
    const queue = new ResizableDispatchQueue(() => void times.push(clock.now()), { width: 10, rate: { limit: 2, per: 100 }, clock })
    queue.put('a')
    clock.advance(60)
    for (let i = 0; i < 4; i++) queue.put('b')
    expect(times).toEqual([0, 60])
    expect([clock.pendingTimers, clock.nextTime]).toEqual([1, 100])
    clock.advance(1000)
    expect(times).toEqual([0, 60, 100, 160, 200])
    expect(clock.pendingTimers).toBe(0)
  })

  test('tells of its rate, and takes a new one at once', () => {
    const clock = new ManualClock()
    const { queue, started } = hold(10, { rate: { limit: 1, per: 1000 }, clock })
    for (const name of 'abcde') queue.put(name)
    expect([queue.rate, started]).toEqual([{ limit: 1, per: 1000 }, ['a']])
    queue.rate = { limit: 3, per: 1000 }
    expect(started).toEqual(['a', 'b', 'c'])
    queue.setRate(undefined)
    expect([queue.rate, started]).toEqual([undefined, ['a', 'b', 'c', 'd', 'e']])
    expect(clock.pendingTimers).toBe(0)
  })

  test('keeps several at once', () => {
    const clock = new ManualClock()
    const times: number[] = []
    const rate = [{ limit: 2, per: 10 }, { limit: 3, per: 100 }]
    const queue = new ResizableDispatchQueue(() => void times.push(clock.now()), { width: 10, rate, clock })
    expect(queue.rate).toEqual(rate)
    for (let i = 0; i < 7; i++) queue.put('a')
    clock.advance(150)
    expect(times).toEqual([0, 0, 10, 100, 100, 110])
    queue.rate = { limit: 4, per: 100 }
    expect(times).toEqual([0, 0, 10, 100, 100, 110, 150])
  })

  test('what has started before there was none counts when there is one again', () => {
    const clock = new ManualClock()
    const { queue, started } = hold(10, { rate: { limit: 1, per: 1000 }, clock })
    queue.put('a')
    queue.rate = undefined
    clock.advance(10)
    queue.rate = { limit: 1, per: 1000 }
    queue.put('b')
    expect([started, clock.nextTime]).toEqual([['a'], 1000])
  })

  test.each<[string, (held: ReturnType<typeof hold>) => unknown]>([
    ['paused', ({ queue }) => queue.pause()],
    ['stopped', ({ queue }) => queue.stop()],
    ['cleared', ({ queue }) => queue.clearQueue()],
    ['without places', ({ queue }) => (queue.width = 0)],
    ['without jobs, the last being cancelled', ({ queue }) => queue.pending()[0]?.cancel()],
  ])('has no timer while it is %s', (_, act) => {
    const clock = new ManualClock()
    const held = hold(2, { rate: { limit: 1, per: 100 }, clock })
    held.queue.put('a')
    held.queue.put('b').addErrback(() => {})
    expect(clock.pendingTimers).toBe(1)
    act(held)
    expect(clock.pendingTimers).toBe(0)
  })

  test('the job that starts when the rate allows is the one that is first then', () => {
    const clock = new ManualClock()
    const { queue, started } = hold(5, { rate: { limit: 1, per: 100 }, clock })
    for (const name of 'abc') queue.put(name)
    queue.pending()[1]?.reprioritize(-1)
    clock.advance(101)
    expect(started).toEqual(['a', 'c'])
  })

  test('a timer that rings too early is set again', () => {
    class Hasty extends ManualClock {
      override setTimeout(fn: () => void, ms: number): unknown {
        return super.setTimeout(fn, Math.max(1, ms - 1))
      }
    }
    const clock = new Hasty()
    const { queue, started } = hold(5, { rate: { limit: 1, per: 100 }, clock })
    for (const name of 'ab') queue.put(name)
    clock.advance(99)
    expect([started, clock.pendingTimers]).toEqual([['a'], 1])
    clock.advance(1)
    expect([started, clock.pendingTimers]).toEqual([['a', 'b'], 0])
  })
})
