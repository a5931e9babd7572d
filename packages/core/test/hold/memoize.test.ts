import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { CancelledError, Deferred, fail, ManualClock, memoize, setUnhandledFailureHandler, sleep, succeed } from 'potoroo'
import { describe, expect, test } from 'vitest'
import { failureOf, outcome, thrownBy } from '../deferred/outcome.ts'

/** A function whose calls are fired by hand. */
function held() {
  const calls: Deferred<string>[] = []
  const reasons: unknown[] = []
  const fn = (..._args: unknown[]): Deferred<string> => {
    const call = new Deferred<string>((_, reason) => reasons.push(reason))
    calls.push(call)
    return call
  }
  return { calls, reasons, fn }
}

describe('a cache of calls', () => {
  test('a second call with the same arguments joins the one that is running', () => {
    const { calls, fn } = held()
    const memoized = memoize(fn)
    const [a, b] = [outcome(memoized(1)), outcome(memoized(1))]
    expect([calls.length, memoized.size]).toEqual([1, 1])
    calls[0]!.callback('x')
    expect([a.value, b.value]).toEqual(['x', 'x'])
  })

  test('later calls get the result at once, each in a deferred of its own', () => {
    const { calls, fn } = held()
    const memoized = memoize(fn)
    memoized(1).addCallback(() => 'changed by its caller')
    calls[0]!.callback('x')
    const again = memoized(1)
    expect(again).not.toBe(memoized(1))
    expect([outcome(again).value, outcome(memoized(1)).value, calls.length]).toEqual(['x', 'x', 1])
  })

  test('a result may be undefined, a plain value, or a promise', async () => {
    let calls = 0
    const memoized = memoize((n: number) => {
      calls++
      return n === 0 ? undefined : n === 1 ? 'plain' : Promise.resolve('promised')
    })
    for (let i = 0; i < 2; i++) expect([await memoized(0), await memoized(1), await memoized(2)]).toEqual([undefined, 'plain', 'promised'])
    expect(calls).toBe(3)
  })

  test('arguments are compared by identity, and by their number', () => {
    const object = {}
    const lists = [[], [undefined], [1], ['1'], [NaN], [null], [object], [{}], [1, 2], [1, 2, 3], [2, 1], [1, undefined]]
    let calls = 0
    const memoized = memoize((..._args: unknown[]) => ++calls)
    for (let round = 0; round < 2; round++) {
      expect(lists.map((list) => outcome(memoized(...list)).value)).toEqual(lists.map((_, i) => i + 1))
    }
    expect(memoized.size).toBe(lists.length)
    for (const list of lists) expect([memoized.delete(...list), memoized.delete(...list)]).toEqual([true, false])
    expect(memoized.size).toBe(0)
  })

  test('a key function decides what is the same', () => {
    let calls = 0
    const memoized = memoize((_name: string, _n: number) => ++calls, { key: (name) => name.toLowerCase() })
    expect([outcome(memoized('A', 1)).value, outcome(memoized('a', 2)).value]).toEqual([1, 1])
    expect(memoized.delete('A', 3)).toBe(true)
  })

  test('a key function that throws fails the call', () => {
    const error = new Error('no key')
    const key = (): never => {
      throw error
    }
    const memoized = memoize((n: number) => n, { key })
    expect(failureOf(memoized(1)).value).toBe(error)
    expect(memoized.size).toBe(0)
    expect(thrownBy(() => memoized.delete(1))).toBe(error)
  })

  test('a function may call its memoized self', () => {
    let calls = 0
    const fibonacci = memoize((n: number): number | Deferred<number> => {
      calls++
      return n < 2 ? n : fibonacci(n - 1).addCallback((a) => fibonacci(n - 2).addCallback((b) => a + b))
    })
    expect([outcome(fibonacci(50)).value, calls]).toEqual([12586269025, 51])
  })
})

describe('failures', () => {
  test('are not cached: all who wait get the failure, the next call tries again', () => {
    const { calls, fn } = held()
    const memoized = memoize(fn)
    const [a, b] = [memoized(1), memoized(1)]
    calls[0]!.errback('broken')
    expect(failureOf(a)).toBe(failureOf(b))
    expect(memoized.size).toBe(0)
    memoized(1)
    expect(calls.length).toBe(2)
  })

  test('are cached if asked, for as long as a value is', () => {
    const clock = new ManualClock()
    let calls = 0
    const memoized = memoize((_n: number) => fail<number>(`broken ${++calls}`), { cacheFailures: true, maxAge: 10, staleWhileRevalidate: true, clock })
    expect([failureOf(memoized(1)).value, failureOf(memoized(1)).value]).toEqual(['broken 1', 'broken 1'])
    clock.advance(10)
    // A failure is never stale: it is not better than nothing.
    expect(failureOf(memoized(1)).value).toBe('broken 2')
  })

  test('what the function throws is a failure, never thrown', () => {
    const memoized = memoize((n: number): number => {
      throw new RangeError(`${n}`)
    })
    expect(failureOf(memoized(1)).value).toBeInstanceOf(RangeError)
  })
})

describe('cancelling', () => {
  test('withdraws one caller; the call goes on for the others', () => {
    const { calls, reasons, fn } = held()
    const memoized = memoize(fn)
    const [a, b] = [memoized(1), memoized(1)]
    a.cancel('not me')
    expect(failureOf(a).value).toMatchObject({ code: 'ERR_CANCELLED', cause: 'not me' })
    expect(reasons).toEqual([])
    calls[0]!.callback('x')
    expect(outcome(b).value).toBe('x')
  })

  test('the call is cancelled when its last waiter has left, with that one’s reason, and forgotten', () => {
    const { calls, reasons, fn } = held()
    const memoized = memoize(fn)
    const [a, b] = [memoized(1), memoized(1)]
    b.cancel('first')
    a.cancel('last')
    expect([reasons, memoized.size]).toEqual([['last'], 0])
    failureOf(a)
    failureOf(b)
    memoized(1)
    expect(calls.length).toBe(2)
  })

  test('an abandoned call never comes back, even if it ends well after all', () => {
    const never = new Deferred<string>((self) => self.callback('partial'))
    const memoized = memoize(() => never)
    const only = memoized()
    only.cancel()
    expect(failureOf(only).value).toBeInstanceOf(CancelledError)
    expect(memoized.size).toBe(0)
  })

  test('who joins from inside the call, and leaves, is not the last while its caller waits', () => {
    const inner = new Deferred<string>()
    let second: Deferred<string> | undefined
    const memoized = memoize((again: boolean): Deferred<string> => {
      if (again) second = memoized(true)
      return inner
    })
    const first = memoized(true)
    second?.cancel()
    expect(inner.called).toBe(false)
    first.cancel('enough')
    expect(failureOf(inner).value).toMatchObject({ cause: 'enough' })
    failureOf(first)
    failureOf(second!)
  })

  test('a waiter may cancel another one, or ask again, while they are told', () => {
    const { calls, fn } = held()
    const memoized = memoize(fn)
    const seen: unknown[] = []
    memoized(1).addCallback(() => {
      last.cancel()
      memoized(1).addCallback((value) => seen.push(value))
    })
    const last = memoized(1)
    calls[0]!.callback('x')
    expect(failureOf(last).value).toBeInstanceOf(CancelledError)
    expect([seen, calls.length]).toEqual([['x'], 1])
  })
})

describe('forgetting', () => {
  test('a deleted call goes on for those who wait for it, and never comes back', () => {
    const { calls, fn } = held()
    const memoized = memoize(fn)
    const before = outcome(memoized(1))
    expect(memoized.delete(1)).toBe(true)
    const after = outcome(memoized(1))
    calls[0]!.callback('old')
    expect([before.value, after.settled]).toEqual(['old', false])
    calls[1]!.callback('new')
    expect([after.value, outcome(memoized(1)).value, calls.length]).toEqual(['new', 'new', 2])
  })

  test('clear forgets all, the running ones too', () => {
    const { calls, fn } = held()
    const memoized = memoize(fn)
    const running = outcome(memoized(1))
    memoized(2)
    calls[1]!.callback('two')
    memoized.clear()
    expect(memoized.size).toBe(0)
    calls[0]!.callback('one')
    expect([running.value, memoized.size, memoized.delete(1)]).toEqual(['one', 0, false])
  })

  test('a deleted call is still cancelled by its last waiter, and does not take its successor with it', () => {
    const { reasons, fn } = held()
    const memoized = memoize(fn)
    const old = memoized(1)
    memoized.delete(1)
    memoized(1)
    old.cancel('enough')
    failureOf(old)
    expect([reasons, memoized.size]).toEqual([['enough'], 1])
  })

  test('beyond maxSize the least recently used goes first, running ones being counted', () => {
    const { calls, fn } = held()
    const memoized = memoize(fn, { maxSize: 2 })
    const one = outcome(memoized(1))
    memoized(2)
    memoized(1)
    memoized(3)
    expect([memoized.size, calls.length]).toEqual([2, 3])
    memoized(1)
    expect(calls.length).toBe(3)
    memoized(2)
    memoized(1)
    memoized(3)
    expect(calls.length).toBe(5)
    calls[0]!.callback('x')
    expect(one.value).toBe('x')
  })

  test('in flight only: a call is forgotten when it ends', () => {
    const { calls, fn } = held()
    const memoized = memoize(fn, { inFlightOnly: true })
    const [a, b] = [outcome(memoized(1)), outcome(memoized(1))]
    calls[0]!.callback('x')
    expect([a.value, b.value, memoized.size]).toEqual(['x', 'x', 0])
    memoized(1)
    expect(calls.length).toBe(2)
  })
})

describe('age', () => {
  test('counts from the end of a call; a running one is always joined', () => {
    const clock = new ManualClock()
    let calls = 0
    const memoized = memoize((_n: number) => sleep(clock, 100, ++calls), { maxAge: 10, clock })
    const first = outcome(memoized(1))
    clock.advance(50)
    const joined = outcome(memoized(1))
    clock.advance(50)
    expect([first.value, joined.value]).toEqual([1, 1])
    clock.advance(9)
    expect(outcome(memoized(1)).value).toBe(1)
    clock.advance(1)
    const next = outcome(memoized(1))
    expect([next.settled, calls]).toEqual([false, 2])
    clock.advance(100)
    expect([next.value, clock.pendingTimers]).toEqual([2, 0])
  })

  test('when a result expires, all who ask at that moment share one call', () => {
    const clock = new ManualClock()
    const { calls, fn } = held()
    const memoized = memoize(fn, { maxAge: 10, clock })
    memoized(1)
    calls[0]!.callback('old')
    clock.advance(10)
    const herd = Array.from({ length: 100 }, () => outcome(memoized(1)))
    expect(calls.length).toBe(2)
    calls[1]!.callback('new')
    expect(new Set(herd.map(({ value }) => value))).toEqual(new Set(['new']))
  })

  test('an age of 0 shares only running calls', () => {
    let calls = 0
    const memoized = memoize(() => ++calls, { maxAge: 0, clock: new ManualClock() })
    expect([outcome(memoized()).value, outcome(memoized()).value]).toEqual([1, 2])
  })

  test('expired calls make room for new ones, so that they do not pile up', () => {
    const clock = new ManualClock()
    const memoized = memoize((n: number) => n, { maxAge: 10, clock })
    for (let n = 0; n < 100; n++) memoized(n)
    clock.advance(10)
    memoized(100)
    expect(memoized.size).toBe(1)
  })
})

describe('stale while revalidate', () => {
  function stale(staleWhileRevalidate: number | boolean) {
    const clock = new ManualClock()
    const { calls, reasons, fn } = held()
    const memoized = memoize(fn, { maxAge: 10, staleWhileRevalidate, clock })
    memoized(1)
    calls[0]!.callback('old')
    clock.advance(10)
    return { clock, calls, reasons, memoized }
  }

  test('gives the old value at once while one new call is underway', () => {
    const { calls, memoized } = stale(5)
    expect([outcome(memoized(1)).value, outcome(memoized(1)).value, calls.length]).toEqual(['old', 'old', 2])
    calls[1]!.callback('new')
    expect([outcome(memoized(1)).value, calls.length, memoized.size]).toEqual(['new', 2, 1])
  })

  test('ends after its time: then the call is waited for, joined if it is underway', () => {
    const { clock, calls, memoized } = stale(5)
    memoized(1)
    clock.advance(5)
    const late = outcome(memoized(1))
    expect([late.settled, calls.length]).toEqual([false, 2])
    calls[1]!.callback('new')
    expect(late.value).toBe('new')
    clock.advance(15)
    expect(outcome(memoized(1)).settled).toBe(false)
  })

  test('a refresh that fails leaves the old value', () => {
    const { calls, memoized } = stale(true)
    memoized(1)
    calls[1]!.addErrback((failure) => failure.value)
    calls[1]!.errback('broken')
    expect(outcome(memoized(1)).value).toBe('old')
    expect(calls.length).toBe(3)
  })

  test('a refresh that fails is reported, once, if nobody waits for it', async () => {
    const clock = new ManualClock()
    const error = new Error('broken')
    const reports: unknown[] = []
    let tell!: () => void
    const reported = new Promise<void>((resolve) => (tell = resolve))
    const before = setUnhandledFailureHandler(({ value }) => {
      reports.push(value)
      tell()
    })
    let calls = 0
    const memoized = memoize(() => (++calls === 1 ? 'old' : fail<string>(error)), { maxAge: 10, staleWhileRevalidate: true, clock })
    memoized()
    clock.advance(10)
    expect(outcome(memoized()).value).toBe('old')
    setFlagsFromString('--expose-gc')
    const gc = runInNewContext('gc') as () => void
    const turn = setInterval(gc)
    await reported
    clearInterval(turn)
    setUnhandledFailureHandler(before)
    expect(reports).toEqual([error])
  })

  test('cancelling who got the old value, or joined later, does not cancel the refresh; deleting it does', () => {
    const { clock, reasons, memoized } = stale(5)
    memoized(1).cancel()
    clock.advance(5)
    const joined = memoized(1)
    joined.cancel()
    failureOf(joined)
    expect(reasons).toEqual([])
    memoized.delete(1)
    expect(reasons).toEqual([undefined])
  })

  test('clearing cancels a refresh that nobody waits for, and what it does then does not come back', () => {
    const { calls, reasons, memoized } = stale(true)
    memoized(1)
    memoized.clear()
    expect([reasons, calls[1]?.called, memoized.size]).toEqual([[undefined], true, 0])
    calls[1]!.addErrback(() => '')
  })

  test('a deleted refresh that somebody waits for goes on', () => {
    const { clock, calls, reasons, memoized } = stale(5)
    memoized(1)
    clock.advance(5)
    const joined = outcome(memoized(1))
    memoized.clear()
    calls[1]!.callback('new')
    expect([joined.value, reasons, memoized.size]).toEqual(['new', [], 0])
  })
})

test('wrong options are errors, and so is what is no function', () => {
  expect(thrownBy(() => memoize(succeed(1) as never))).toMatchObject({ name: 'TypeError', code: 'ERR_NOT_A_FUNCTION' })
  for (const maxSize of [0, -1, 1.5, NaN]) {
    expect(thrownBy(() => memoize(succeed, { maxSize }))).toMatchObject({ name: 'RangeError', code: 'ERR_INVALID_SIZE' })
  }
  for (const wrong of [-1, NaN]) {
    expect(thrownBy(() => memoize(succeed, { maxAge: wrong }))).toMatchObject({ code: 'ERR_INVALID_TIME' })
  }
  expect(thrownBy(() => memoize(succeed, { staleWhileRevalidate: -1 }))).toMatchObject({ code: 'ERR_INVALID_TIME' })
})

test('a million callers who come and go leave nothing behind on a call that runs for long', { timeout: 60_000 }, () => {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  const memoized = memoize((_n: number) => new Deferred<string>())
  memoized(1)
  const turn = (): number => {
    for (let i = 0; i < 250_000; i++) memoized(1).cancel()
    gc()
    return process.memoryUsage().heapUsed
  }
  const early = turn()
  turn()
  turn()
  expect(turn() - early).toBeLessThan(5_000_000)
})
