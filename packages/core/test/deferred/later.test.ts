import { CancelledError, deferLater, ManualClock, sleep, systemClock } from 'potoroo'
import { expect, test } from 'vitest'
import { failureOf, outcome, thrownBy } from './outcome.ts'

test('deferLater calls the function after the time, and fires with what it returns', () => {
  const clock = new ManualClock()
  const seen = outcome(deferLater(clock, 100, (a: number, b: number) => a + b, 1, 2))
  clock.advance(99)
  expect(seen.settled).toBe(false)
  clock.advance(1)
  expect(seen.value).toBe(3)
})

test('what the function throws is a failure', () => {
  const clock = new ManualClock()
  const deferred = deferLater(clock, 1, () => {
    throw new Error('x')
  })
  clock.advance(1)
  expect(failureOf(deferred).value).toMatchObject({ message: 'x' })
})

test('sleep fires with its value', () => {
  const clock = new ManualClock()
  const value = outcome(sleep(clock, 10, 'up'))
  const nothing = outcome(sleep(clock, 10))
  clock.advance(10)
  expect(value.value).toBe('up')
  expect(nothing).toEqual({ settled: true, value: undefined })
})

test('cancelling clears the timer, and the function is not called', () => {
  const clock = new ManualClock()
  let called = false
  const deferred = deferLater(clock, 10, () => {
    called = true
  })
  deferred.cancel()
  expect(clock.pendingTimers).toBe(0)
  clock.advance(10)
  expect(called).toBe(false)
  expect(failureOf(deferred).value).toBeInstanceOf(CancelledError)
})

test('without a clock they take the system’s', async () => {
  expect(await sleep(1, 'real')).toBe('real')
  expect(await deferLater(0, (x: string) => x, 'real')).toBe('real')
})

test('a ManualClock fires due timers in order of time, then of setting, those set on the way included', () => {
  const clock = new ManualClock(1000)
  const seen: unknown[] = []
  const note = (name: string) => () => void seen.push([name, clock.now()])
  clock.setTimeout(note('late'), 30)
  clock.setTimeout(note('early'), 10)
  clock.setTimeout(note('early too'), 10)
  clock.setTimeout(() => clock.setTimeout(note('set on the way'), 5), 20)
  const taken = clock.setTimeout(note('taken back'), 15)
  clock.clearTimeout(taken)
  expect(clock.nextTime).toBe(1010)
  clock.advance(30)
  expect(seen).toEqual([
    ['early', 1010],
    ['early too', 1010],
    ['set on the way', 1025],
    ['late', 1030],
  ])
  expect(clock.pendingTimers).toBe(0)
  expect(clock.nextTime).toBe(undefined)
})

test('a ManualClock does not go back', () => {
  expect(thrownBy(() => new ManualClock().advance(-1))).toMatchObject({ name: 'RangeError', code: 'ERR_INVALID_TIME' })
  expect(thrownBy(() => new ManualClock().advance(Number.NaN))).toBeInstanceOf(RangeError)
})

test('the system’s clock tells the time of day, and takes its timers back', () => {
  expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(5_000)
  const timer = systemClock.setTimeout(() => expect.unreachable(), 2 ** 40)
  systemClock.clearTimeout(timer)
  systemClock.clearTimeout(undefined)
})
