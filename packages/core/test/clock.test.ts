import {
  type Clock,
  Deferred,
  deferLater,
  ManualClock,
  memoize,
  ParallelCommandExecutor,
  ResizableDispatchQueue,
  retry,
  RetryingCall,
  sleep,
  systemClock,
} from 'potoroo'
import { afterEach, expect, test, vi } from 'vitest'
import { failureOf, thrownBy } from './deferred/outcome.ts'

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

/** Everything in the core that waits: each starts a wait on the clock it is given, and is over when that is cancelled. */
const waits: Record<string, (clock: Clock) => Deferred<unknown>> = {
  sleep: (clock) => sleep(clock, 100),
  deferLater: (clock) => deferLater(clock, 100, () => 1),
  addTimeout: (clock) => new Deferred().addTimeout(100, { clock }),
  retry: (clock) => retry(() => 1, { clock, backoff: [100] }),
  'retry with a time-out': (clock) => retry(() => new Deferred(), { clock, timeout: 100, backoff: [0] }),
  RetryingCall: (clock) => new RetryingCall(() => 1).start({ clock, backoff: [100] }),
  ParallelCommandExecutor(clock) {
    const executor = new ParallelCommandExecutor<[], unknown>({ clock, hedgeAfter: 100 })
    return executor.register(() => new Deferred()).register(() => 2).execute()
  },
  'ResizableDispatchQueue with a rate'(clock) {
    const queue = new ResizableDispatchQueue((n: number) => n, { clock, width: 2, rate: { limit: 1, per: 100 } })
    queue.put(1)
    return queue.put(2)
  },
  'put with a time-out': (clock) => new ResizableDispatchQueue(() => new Deferred(), { clock, width: 1 }).put(1, { timeout: 100 }),
}

test.each(Object.entries(waits))('everything that waits takes a clock: %s', (_, wait) => {
  const ofSystem = vi.spyOn(globalThis, 'setTimeout')
  const clock = new ManualClock()
  const deferred = wait(clock)
  expect(clock.pendingTimers).toBe(1)
  expect(deferred.peek().status).toBe('pending')
  clock.advance(100)
  expect(deferred.peek().status).not.toBe('pending')
  expect(ofSystem).not.toHaveBeenCalled()
  deferred.addErrback(() => {})
})

test.each(Object.entries(waits))('cancelling clears the timer: %s', (_, wait) => {
  const clock = new ManualClock()
  const deferred = wait(clock)
  deferred.cancel()
  expect(deferred.peek().status).toBe('rejected')
  expect(clock.pendingTimers).toBe(0)
  failureOf(deferred)
})

test('what a memoised call remembers grows old by the clock it is given', () => {
  const clock = new ManualClock()
  let calls = 0
  const memoized = memoize(() => ++calls, { clock, maxAge: 100 })
  const value = (): unknown => memoized().peek()
  expect([value(), value()]).toMatchObject([{ value: 1 }, { value: 1 }])
  clock.advance(101)
  expect(value()).toMatchObject({ value: 2 })
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

test('a ManualClock takes a time that is negative or no number for none, as the platform does', () => {
  const clock = new ManualClock(5)
  const seen: number[] = []
  for (const ms of [-1, Number.NaN, undefined as unknown as number]) clock.setTimeout(() => seen.push(clock.now()), ms)
  clock.advance(0)
  expect(seen).toEqual([5, 5, 5])
  expect(clock.now()).toBe(5)
})

test('a timer may move a ManualClock on by itself', () => {
  const clock = new ManualClock()
  const seen: number[] = []
  clock.setTimeout(() => clock.advance(50), 10)
  clock.setTimeout(() => seen.push(clock.now()), 40)
  clock.advance(20)
  expect(seen).toEqual([40])
  expect(clock.now()).toBe(60)
})

test('a ManualClock does not go back, nor to a time that never is', () => {
  expect(thrownBy(() => new ManualClock().advance(-1))).toMatchObject({ name: 'RangeError', code: 'ERR_INVALID_TIME' })
  expect(thrownBy(() => new ManualClock().advance(Number.NaN))).toBeInstanceOf(RangeError)
  expect(thrownBy(() => new ManualClock().advance(Infinity))).toBeInstanceOf(RangeError)
})

test('the system’s clock tells the time of day, and takes its timers back', () => {
  expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(60_000)
  const timer = systemClock.setTimeout(() => expect.unreachable(), 2 ** 40)
  systemClock.clearTimeout(timer)
  systemClock.clearTimeout(undefined)
})

test('the system’s clock waits for longer than the platform’s timers can, too', () => {
  vi.useFakeTimers()
  const longest = 2 ** 31 - 1
  let fired = 0
  systemClock.setTimeout(() => fired++, 2 * longest + 10)
  const taken = systemClock.setTimeout(() => expect.unreachable(), 2 * longest)
  vi.advanceTimersByTime(longest + 1)
  systemClock.clearTimeout(taken)
  vi.advanceTimersByTime(longest + 8)
  expect(fired).toBe(0)
  vi.advanceTimersByTime(1)
  expect(fired).toBe(1)
  expect(vi.getTimerCount()).toBe(0)
})
