import { CancelledError, Deferred, deferLater, ManualClock, sleep } from 'potoroo'
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

test('a deferred or promise that the function returns is waited for, and cancelling goes on to it', async () => {
  const clock = new ManualClock()
  const reasons: unknown[] = []
  const deferred = deferLater(clock, 10, () => new Deferred<number>((_, reason) => reasons.push(reason)))
  clock.advance(10)
  expect(deferred.peek().status).toBe('pending')
  deferred.cancel('enough')
  expect(reasons).toEqual(['enough'])
  failureOf(deferred)
  const late = sleep(clock, 10, Promise.resolve('in the end'))
  clock.advance(10)
  expect(await late).toBe('in the end')
})

test('a delay that is negative or no number is a RangeError, and leaves no timer', () => {
  const clock = new ManualClock()
  for (const ms of [-1, Number.NaN, '5' as unknown as number]) {
    expect(thrownBy(() => sleep(clock, ms))).toMatchObject({ name: 'RangeError', code: 'ERR_INVALID_TIME' })
    expect(thrownBy(() => deferLater(clock, ms, () => 1))).toMatchObject({ name: 'RangeError', code: 'ERR_INVALID_TIME' })
  }
  expect(clock.pendingTimers).toBe(0)
})

test('without a clock they take the system’s', async () => {
  expect(await sleep(1, 'real')).toBe('real')
  expect(await deferLater(0, (x: string) => x, 'real')).toBe('real')
})
