import { CancelledError, Deferred, fail, Failure, ManualClock, retry, RetryingCall, sleep, succeed, TimeoutError } from 'potoroo'
import { describe, expect, test } from 'vitest'
import { failureOf, outcome, thrownBy } from '../deferred/outcome.ts'

/** Fails `times` times, then gives the number of the attempt. */
function failing(times: number) {
  const at: number[] = []
  const clock = new ManualClock()
  const fn = ({ attempt }: { attempt: number }): number => {
    at.push(clock.now())
    if (attempt <= times) throw new Error(`broken ${attempt}`)
    return attempt
  }
  return { at, clock, fn }
}

describe('attempts', () => {
  test('the first is made at once, and its success is the result', () => {
    const { at, clock, fn } = failing(0)
    expect(outcome(retry(fn, { clock })).value).toBe(1)
    expect([at, clock.pendingTimers]).toEqual([[0], 0])
  })

  test('the default waits 10 ms, then twice as long each time', () => {
    const { at, clock, fn } = failing(4)
    const result = outcome(retry(fn, { clock }))
    clock.advance(1_000)
    expect([result.value, at]).toEqual([5, [0, 10, 30, 70, 150]])
  })

  test('the delays may be any iterable; a delay of 0 is no wait, and the first counts too', () => {
    const { at, clock, fn } = failing(3)
    const result = outcome(retry(fn, { clock, backoff: new Set([5, 0, 7, 3]) }))
    expect(at).toEqual([])
    clock.advance(100)
    expect([result.value, at]).toEqual([4, [5, 5, 12, 15]])
  })

  test('when the delays are used up it fails with the first failure', () => {
    const { clock, fn } = failing(20)
    const result = outcome(retry(fn, { clock }))
    clock.advance(10_000)
    expect(result.error).toMatchObject({ message: 'broken 1' })
    expect(clock.pendingTimers).toBe(0)
  })

  test('no delays at all is ERR_NO_ATTEMPTS, and nothing is called', () => {
    const { at, clock, fn } = failing(0)
    const { value } = failureOf(retry(fn, { clock, backoff: [] }))
    expect(value).toBeInstanceOf(RangeError)
    expect([value, at]).toMatchObject([{ code: 'ERR_NO_ATTEMPTS' }, []])
  })

  test('a function may return a value, a deferred, a promise or a Failure, or throw', async () => {
    const backoff = [0, 0, 0, 0, 0]
    const seen: Failure[] = []
    const result = retry(
      ({ attempt }): string | Deferred<string> | Promise<string> | Failure => {
        if (attempt === 1) throw new Error('1')
        if (attempt === 2) return new Failure('2')
        if (attempt === 3) return fail<string>('3')
        if (attempt === 4) return Promise.reject(new Error('4'))
        return Promise.resolve('done')
      },
      { backoff, failureTester: (failure) => void seen.push(failure) },
    )
    expect(await result).toBe('done')
    expect(seen.map(({ value }) => (value instanceof Error ? value.message : value))).toEqual(['1', '2', '3', '4'])
  })

  test('a hundred thousand that fail at once do not overflow the stack', () => {
    const backoff = Array.from({ length: 100_000 }, () => 0)
    expect(failureOf(retry(({ attempt }) => fail(attempt), { backoff })).value).toBe(1)
  })

  test('a thenable that cannot be asked, or that throws when it is, is a failure', () => {
    const unreadable = Object.defineProperty({}, 'then', {
      get() {
        throw new Error('do not ask')
      },
    })
    const throwing = {
      then(): never {
        throw new Error('asked')
      },
    }
    const results = [unreadable, throwing, 'done']
    const seen: unknown[] = []
    const failureTester = ({ value }: Failure): void => void seen.push(value)
    expect(outcome(retry(({ attempt }) => results[attempt - 1], { backoff: [0, 0, 0], failureTester })).value).toBe('done')
    expect(seen).toEqual([new Error('do not ask'), new Error('asked')])
  })

  test('whatever comes first, the usual backoff goes on from there', () => {
    const firsts: (() => unknown)[] = [
      () => fail('x'),
      () => new Failure('x'),
      () => {
        throw 'x'
      },
    ]
    for (const first of firsts) {
      const clock = new ManualClock()
      const at: number[] = []
      const result = outcome(retry(({ attempt }) => (at.push(clock.now()), attempt === 3 ? 'done' : first()), { clock }))
      clock.advance(100)
      expect([result.value, at]).toEqual(['done', [0, 10, 30]])
    }
    const values = [undefined, null, 0, '', {}, () => {}, new Date(0)]
    for (const value of values) expect(outcome(retry(() => value)).value).toBe(value)
  })

  test('delays that are no times, or that throw, end it', () => {
    for (const wrong of [-1, NaN, '5' as never]) {
      expect(failureOf(retry(() => 1, { backoff: [wrong] })).value).toMatchObject({ code: 'ERR_INVALID_TIME' })
    }
    expect(failureOf(retry(() => 1, { backoff: 5 as never })).value).toBeInstanceOf(TypeError)
    const broken = {
      *[Symbol.iterator](): Generator<number> {
        yield 0
        throw new Error('no more')
      },
    }
    expect(failureOf(retry(() => fail('x'), { backoff: broken })).value).toMatchObject({ message: 'no more' })
  })

  test('delays that are not used up are told so', () => {
    let closed = 0
    const endless = {
      *[Symbol.iterator](): Generator<number> {
        try {
          for (;;) yield 0
        } finally {
          closed++
        }
      },
    }
    expect(outcome(retry(({ attempt }) => (attempt < 5 ? fail<number>('x') : attempt), { backoff: endless })).value).toBe(5)
    expect(closed).toBe(1)
  })
})

describe('the failure tester', () => {
  test('stops by throwing, or by returning a Failure, and it fails with that', () => {
    const first = new Error('first')
    for (const stop of [(failure: Failure) => failure, (): never => {
      throw new RangeError('stop')
    }]) {
      let calls = 0
      const result = retry(() => (calls++, fail(first)), { failureTester: stop, backoff: [0, 0] })
      const { value } = failureOf(result)
      expect([value === first || value instanceof RangeError, calls]).toEqual([true, 1])
    }
  })

  test('may keep count: one 404 is allowed, a second is not', () => {
    let missing = 0
    const codes = [404, 500, 404, 200]
    const failureTester = (failure: Failure): Failure | void => {
      if (failure.value === 404 && ++missing === 2) return new Failure('gone')
    }
    const result = retry(({ attempt }) => fail(codes[attempt - 1]), { failureTester, backoff: [0, 0, 0, 0] })
    expect(failureOf(result).value).toBe('gone')
  })

  test('is told of the last failure too', () => {
    const result = retry(() => fail('x'), { failureTester: () => new Failure('verdict'), backoff: [0] })
    expect(failureOf(result).value).toBe('verdict')
  })

  test('may cancel the whole', () => {
    const controller = new AbortController()
    const result = retry(() => fail('x'), { failureTester: () => controller.abort('enough'), signal: controller.signal })
    expect(failureOf(result).value).toMatchObject({ code: 'ERR_CANCELLED', cause: 'enough' })
  })
})

describe('a delay that the failure asks for', () => {
  test('takes the place of the planned one, such as a Retry-After', () => {
    const clock = new ManualClock()
    const at: number[] = []
    const planned: number[] = []
    const result = outcome(
      retry(
        ({ attempt }) => {
          at.push(clock.now())
          return fail<string>({ retryAfter: attempt === 2 ? 1_000 : undefined })
        },
        {
          clock,
          backoff: [0, 10, 20, 30],
          delayAfter: ({ value }, delay) => (planned.push(delay), (value as { retryAfter?: number }).retryAfter),
        },
      ),
    )
    clock.advance(5_000)
    expect([at, planned]).toEqual([
      [0, 10, 1_010, 1_040],
      [10, 20, 30],
    ])
    expect(result.error).toEqual({ retryAfter: undefined })
  })

  test('that is no time, or a function that throws, ends it', () => {
    expect(failureOf(retry(() => fail('x'), { delayAfter: () => NaN })).value).toMatchObject({ code: 'ERR_INVALID_TIME' })
    const delayAfter = (): never => {
      throw new Error('unreadable')
    }
    expect(failureOf(retry(() => fail('x'), { delayAfter })).value).toMatchObject({ message: 'unreadable' })
  })
})

describe('cancelling', () => {
  test('stops the attempt underway at once: its deferred, its signal; the reason is kept', () => {
    const reasons: unknown[] = []
    let signal: AbortSignal | undefined
    const result = retry((attempt) => {
      signal = attempt.signal
      return new Deferred<string>((_, reason) => reasons.push(reason))
    })
    result.cancel('enough')
    expect(failureOf(result).value).toMatchObject({ code: 'ERR_CANCELLED', cause: 'enough' })
    expect([reasons, signal?.aborted, signal?.reason]).toEqual([['enough'], true, 'enough'])
  })

  test('stops the wait at once, and leaves no timer', () => {
    const { at, clock, fn } = failing(20)
    const result = retry(fn, { clock })
    expect(clock.pendingTimers).toBe(1)
    result.cancel('enough')
    expect(failureOf(result).value).toMatchObject({ cause: 'enough' })
    clock.advance(1_000)
    expect([at, clock.pendingTimers]).toEqual([[0], 0])
  })

  test('an abort does the same, and leaves no listener', () => {
    for (const waiting of [true, false]) {
      const clock = new ManualClock()
      const controller = new AbortController()
      const result = retry(() => (waiting ? fail('x') : sleep(clock, 100)), { clock, signal: controller.signal })
      expect(clock.pendingTimers).toBe(1)
      controller.abort('enough')
      expect(failureOf(result).value).toMatchObject({ code: 'ERR_CANCELLED', cause: 'enough' })
      expect(clock.pendingTimers).toBe(0)
    }
  })

  test('a signal that is aborted already means that nothing is called', () => {
    let calls = 0
    const result = retry(() => calls++, { signal: AbortSignal.abort('before') })
    expect(failureOf(result).value).toMatchObject({ code: 'ERR_CANCELLED', cause: 'before' })
    expect(calls).toBe(0)
  })

  test('from inside an attempt cancels what that returns, and there is no other', () => {
    const controller = new AbortController()
    const inner = new Deferred<string>()
    let calls = 0
    const result = retry(
      () => {
        calls++
        controller.abort('enough')
        return inner
      },
      { signal: controller.signal },
    )
    expect(failureOf(result).value).toMatchObject({ cause: 'enough' })
    expect(failureOf(inner).value).toMatchObject({ cause: 'enough' })
    expect(calls).toBe(1)
  })

  test('a promise that goes on regardless is ignored, also when it fails later', async () => {
    let reject!: (reason: unknown) => void
    const result = retry(() => new Promise<string>((_, no) => (reject = no)))
    result.cancel()
    reject(new Error('late'))
    await Promise.resolve()
    expect(failureOf(result).value).toBeInstanceOf(CancelledError)
  })

  test('an attempt that comes up with a value when it is cancelled gives it that value', () => {
    const result = retry(() => new Deferred<string>((self) => self.callback('partial')))
    result.cancel()
    expect(outcome(result).value).toBe('partial')
  })

  test('an attempt that is cancelled by somebody else is a failure like any other', () => {
    const inner = [new Deferred<string>(), succeed('second')]
    const result = outcome(retry(({ attempt }) => inner[attempt - 1]!, { backoff: [0, 0] }))
    inner[0]!.cancel()
    expect(result.value).toBe('second')
  })

  test('a signal asked for after the end of an attempt says so', () => {
    const attempts: { signal: AbortSignal }[] = []
    const result = retry((attempt) => (attempts.push(attempt), new Deferred<void>()))
    result.cancel('enough')
    failureOf(result)
    expect([attempts[0]?.signal.aborted, attempts[0]?.signal.reason]).toEqual([true, 'enough'])
  })
})

describe('a time-out', () => {
  test('is for each attempt: that fails with TimeoutError, is stopped, and the next is made', () => {
    const clock = new ManualClock()
    const stopped: unknown[] = []
    const seen: unknown[] = []
    const result = outcome(
      retry(
        ({ attempt, signal }) => {
          signal.addEventListener('abort', () => seen.push(signal.reason))
          return attempt < 3 ? new Deferred<number>((_, reason) => stopped.push(reason)) : sleep(clock, 99, attempt)
        },
        { clock, timeout: 100, backoff: [0, 10, 20] },
      ),
    )
    clock.advance(100 + 10 + 100 + 20)
    expect(stopped.map((reason) => reason instanceof TimeoutError)).toEqual([true, true])
    expect(seen).toEqual(stopped)
    clock.advance(99)
    expect([result.value, clock.pendingTimers]).toEqual([3, 0])
  })

  test('is the first failure if nothing else comes of it', () => {
    const clock = new ManualClock()
    const result = outcome(retry(() => new Promise(() => {}), { clock, timeout: 100, backoff: [0, 0] }))
    clock.advance(200)
    expect(result.error).toMatchObject({ name: 'TimeoutError', code: 'ERR_TIMEOUT' })
    expect(clock.pendingTimers).toBe(0)
  })

  test('ends an attempt that goes on in spite of being cancelled, whose result is ignored', () => {
    const clock = new ManualClock()
    const stubborn = new Deferred<string>()
    const attempts = [new Deferred<string>().addErrback(() => stubborn), succeed('second')]
    const result = outcome(retry(({ attempt }) => attempts[attempt - 1]!, { clock, timeout: 100, backoff: [0, 0] }))
    clock.advance(100)
    expect(result.value).toBe('second')
    stubborn.errback('late')
  })

  test('what a canceller fires the attempt with counts', () => {
    const clock = new ManualClock()
    const result = outcome(retry(() => new Deferred<string>((self) => self.callback('partial')), { clock, timeout: 100 }))
    clock.advance(100)
    expect(result.value).toBe('partial')
  })

  test('is cleared when the attempt ends, fails, or is cancelled', () => {
    const clock = new ManualClock()
    const works: Deferred<string>[] = []
    const start = () => retry(() => (works.push(new Deferred<string>()), works.at(-1)!), { clock, timeout: 100, backoff: [0] })
    const [a, b, c] = [start(), start(), start()]
    expect(clock.pendingTimers).toBe(3)
    works[0]!.callback('x')
    works[1]!.errback('y')
    c.cancel()
    expect([outcome(a).value, failureOf(b).value, failureOf(c).value]).toMatchObject(['x', 'y', { code: 'ERR_CANCELLED' }])
    expect(clock.pendingTimers).toBe(0)
  })

  test('that is no time is an error, and so is what is no function or no signal', () => {
    for (const wrong of [() => retry(Promise.resolve(1) as never), () => new RetryingCall(undefined as never)]) {
      expect(thrownBy(wrong)).toMatchObject({ name: 'TypeError', code: 'ERR_NOT_A_FUNCTION' })
    }
    const signal = {} as AbortSignal
    for (const wrong of [() => retry(() => 1, { signal }), () => new RetryingCall(() => 1).start({ signal })]) {
      expect(thrownBy(wrong)).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_SIGNAL' })
    }
    for (const timeout of [-1, NaN]) {
      expect(thrownBy(() => retry(() => 1, { timeout }))).toMatchObject({ name: 'RangeError', code: 'ERR_INVALID_TIME' })
    }
  })
})

describe('RetryingCall', () => {
  test('calls the function with its arguments, and keeps all failures', () => {
    const clock = new ManualClock()
    const errors = [new Error('a'), new Error('b')]
    const left = [...errors]
    const call = new RetryingCall((greeting: string, name: string): Deferred<string> => {
      const error = left.shift()
      return error === undefined ? succeed(`${greeting} ${name}`) : fail(error)
    }, 'hello', 'Ada')
    const result = outcome(call.start({ clock }))
    expect(call.failures.length).toBe(1)
    clock.advance(30)
    expect(result.value).toBe('hello Ada')
    expect(call.failures.map(({ value }) => value)).toEqual(errors)
  })

  test('a start with wrong options is none', () => {
    const call = new RetryingCall(() => 1)
    expect(thrownBy(() => call.start({ timeout: -1 }))).toMatchObject({ code: 'ERR_INVALID_TIME' })
    expect(outcome(call.start()).value).toBe(1)
  })

  test('starts once, even while its first attempt is being waited for or made', () => {
    let again: unknown
    const call: RetryingCall<[], number> = new RetryingCall((): number => {
      again = thrownBy(() => call.start())
      return 1
    })
    call.start()
    expect(again).toMatchObject({ code: 'ERR_ALREADY_STARTED' })
    const clock = new ManualClock()
    const waiting = new RetryingCall(() => 1)
    waiting.start({ backoff: [10], clock }).cancel()
    expect(thrownBy(() => waiting.start())).toMatchObject({ code: 'ERR_ALREADY_STARTED' })
    expect(clock.pendingTimers).toBe(0)
  })

  test('starts once, whatever has become of it', () => {
    const call = new RetryingCall(() => 1)
    call.start()
    expect(thrownBy(() => call.start())).toMatchObject({ name: 'TypeError', code: 'ERR_ALREADY_STARTED' })
  })
})
