import fc from 'fast-check'
import { callback, Deferred, errback, fail, Failure, ManualClock, sleep, succeed } from 'potoroo'
import { describe, expect, test } from 'vitest'
import { failureOf, outcome, thrownBy } from '../deferred/outcome.ts'

describe('callback', () => {
  const add = callback((a: number, b: number) => a + b)

  test('takes plain values, deferreds, promises and thenables in each place, and waits for all', async () => {
    const thenable = { then: (fired: (n: number) => void) => fired(2) } as PromiseLike<number>
    expect(outcome(add(1, succeed(2))).value).toBe(3)
    expect(await add(Promise.resolve(1), thenable)).toBe(3)
    const slow = new Deferred<number>()
    const sum = outcome(add(slow, 1))
    expect(sum.settled).toBe(false)
    slow.callback(41)
    expect(sum.value).toBe(42)
  })

  test('reads as if the results were there', () => {
    const page = new Deferred<string>()
    const errcheck = errback((page: string | Failure) => (page instanceof Failure ? '<p>none</p>' : page))
    const cleanup = callback((html: string) => html.replaceAll(/<.*?>/g, ''))
    const reformat = callback((text: string) => text.toUpperCase())
    const text = outcome(reformat(cleanup(errcheck(page))))
    page.errback('404')
    expect(text.value).toBe('NONE')
  })

  test('with no arguments calls the function at once', () => {
    expect(outcome(callback(() => 'x')()).value).toBe('x')
  })

  test('always returns a deferred: what the function throws fails it, what it returns is waited for', () => {
    const error = new Error('broken')
    const broken = callback((): number => {
      throw error
    })
    expect(failureOf(broken()).value).toBe(error)
    const inner = new Deferred<string>()
    const result = outcome(callback((_n: number) => inner)(1))
    expect(result.settled).toBe(false)
    inner.callback('x')
    expect(result.value).toBe('x')
  })

  test('a failure passes through as it is, the function is not called, and the pending others are cancelled', () => {
    const reasons: unknown[] = []
    let calls = 0
    const [a, c] = [0, 1].map(() => new Deferred<number>((_, reason) => reasons.push(reason)))
    const failure = new Failure(new Error('broken'))
    const b = new Deferred<number>()
    const result = callback((..._all: number[]) => calls++)(a!, b, c!, succeed(4))
    b.errback(failure)
    expect(failureOf(result)).toBe(failure)
    expect([calls, reasons]).toEqual([0, [failure.value, failure.value]])
    expect([a!.called, c!.called]).toEqual([true, true])
  })

  test('an argument that has failed already cancels those before and after it', () => {
    const [before, after] = [new Deferred<number>(), new Deferred<number>()]
    const result = callback((..._all: number[]) => 0)(before, fail<number>('no'), after)
    expect([before.called, after.called]).toEqual([true, true])
    expect(failureOf(result).value).toBe('no')
  })

  test('an argument that cannot be asked for its value has failed', () => {
    const unreadable = Object.defineProperty({}, 'then', {
      get() {
        throw new Error('do not ask')
      },
    })
    expect(failureOf(callback((one: unknown) => one)(unreadable)).value).toMatchObject({ message: 'do not ask' })
    expect(outcome(errback((one: unknown) => one instanceof Failure)(unreadable)).value).toBe(true)
  })

  test('a time-out of the whole is a TimeoutError, and cancels what is waited for', () => {
    const clock = new ManualClock()
    for (const call of [() => add(sleep(clock, 500, 1), 2), callback(() => sleep(clock, 500, 1))]) {
      const late = call().addTimeout(100, { clock })
      clock.advance(100)
      expect(failureOf(late).value).toMatchObject({ code: 'ERR_TIMEOUT' })
      expect(clock.pendingTimers).toBe(0)
    }
  })

  test('the first failure counts when several have failed', () => {
    expect(failureOf(add(fail<number>('first'), fail<number>('second'))).value).toBe('first')
  })

  test('the arguments keep their results, and one may stand in two places', () => {
    const twice = new Deferred<number>()
    const sum = outcome(add(twice, twice))
    twice.callback(4)
    expect([sum.value, outcome(twice).value]).toEqual([8, 4])
  })

  test('cancelling cancels the pending arguments, or what the function returned', () => {
    const [a, b] = [new Deferred<number>(), new Deferred<number>()]
    const waiting = add(a, b)
    a.callback(1)
    waiting.cancel('enough')
    expect(failureOf(waiting).value).toMatchObject({ code: 'ERR_CANCELLED', cause: 'enough' })
    expect(b.called).toBe(true)
    const inner = new Deferred<number>()
    const running = callback(() => inner)()
    running.cancel('enough')
    expect(failureOf(running).value).toMatchObject({ cause: 'enough' })
  })

  test('what is added to an argument that has fired is not cancelled with the others', () => {
    const [a, b, later] = [new Deferred<number>(), new Deferred<number>(), new Deferred<number>()]
    const waiting = add(a, b)
    a.callback(1)
    a.addCallback(() => later)
    waiting.cancel()
    expect(later.called).toBe(false)
  })
})

describe('errback', () => {
  const describeAll = errback((...all: (string | Failure)[]) => all.map(String).join())

  test('calls the function if some argument failed, with Failures in the failed places', () => {
    const last = new Deferred<string>()
    const result = outcome(describeAll('a', fail<string>(new Error('broken')), last))
    expect(result.settled).toBe(false)
    last.errback('late')
    expect(result.value).toBe('a,[Failure: Error: broken],[Failure: "late"]')
  })

  test('the first argument passes through if none failed', () => {
    expect(outcome(describeAll(succeed('a'), 'b')).value).toBe('a')
  })

  test('with no argument fails with ERR_NO_ARGUMENTS', () => {
    const { value } = failureOf(describeAll())
    expect(value).toBeInstanceOf(TypeError)
    expect(value).toMatchObject({ code: 'ERR_NO_ARGUMENTS' })
  })

  test('fails with what the function throws, or returns as a Failure', () => {
    expect(failureOf(errback((failure: Failure) => failure)(fail('x'))).value).toBe('x')
    const throwing = errback((_failure: Failure): string => {
      throw new Error('worse')
    })
    expect(failureOf(throwing(fail('x'))).value).toMatchObject({ message: 'worse' })
  })

  test('cancelling cancels the pending arguments, and does not call the function', () => {
    const [a, b] = [new Deferred<string>(), new Deferred<string>()]
    const result = describeAll(a, b)
    result.cancel('enough')
    expect(failureOf(result).value).toMatchObject({ code: 'ERR_CANCELLED', cause: 'enough' })
    expect([a.called, b.called]).toEqual([true, true])
  })
})

test('what is no function cannot be called later', () => {
  for (const make of [callback, errback]) {
    expect(thrownBy(() => make(succeed(1) as never))).toMatchObject({ name: 'TypeError', code: 'ERR_NOT_A_FUNCTION' })
  }
})

test('both do what they say in every order of firing', () => {
  const members = fc.array(fc.record({ fails: fc.boolean(), rank: fc.nat(), there: fc.boolean() }), { minLength: 1, maxLength: 6 })
  fc.assert(
    fc.property(members, fc.boolean(), (members, failFast) => {
      const deferreds = members.map(() => new Deferred<number>())
      const fire = (i: number): void => {
        const deferred = deferreds[i]!
        if (deferred.called) return
        if (members[i]!.fails) deferred.errback(i)
        else deferred.callback(i)
      }
      members.forEach(({ there }, i) => there && fire(i))
      const order = [...members.keys()].sort((a, b) => members[a]!.rank - members[b]!.rank)
      const named = (...all: (number | Failure)[]): string =>
        all.map((one) => (one instanceof Failure ? `!${String(one.value)}` : one)).join()
      const result = outcome((failFast ? callback(named) : errback(named))(...deferreds) as Deferred<unknown>)
      for (const i of order) fire(i)

      const first = [...members.keys()].find((i) => members[i]!.there && members[i]!.fails) ?? order.find((i) => members[i]!.fails)
      const all = members.map(({ fails }, i) => (fails ? `!${i}` : i)).join()
      if (failFast) expect(result).toMatchObject(first === undefined ? { value: all } : { error: first })
      else expect(result.value).toBe(first === undefined ? 0 : all)
    }),
    { numRuns: 500 },
  )
})
