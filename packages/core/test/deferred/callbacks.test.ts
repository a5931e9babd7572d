import { Deferred, fail, Failure, maybeDeferred, succeed } from 'potoroo'
import { expect, test } from 'vitest'
import { failureOf, outcome, thrownBy } from './outcome.ts'

test('callbacks run synchronously, in order, when the deferred fires', () => {
  const seen: unknown[] = []
  const deferred = new Deferred<number>()
  deferred
    .addCallback((n) => {
      seen.push(['first', n])
      return n + 1
    })
    .addCallback((n) => {
      seen.push(['second', n])
      return 'done'
    })
  expect(seen).toEqual([])
  deferred.callback(1)
  expect(seen).toEqual([
    ['first', 1],
    ['second', 2],
  ])
  expect(deferred.peek()).toEqual({ status: 'fulfilled', value: 'done' })
})

test('callbacks run at once if the deferred has fired', () => {
  const seen: number[] = []
  succeed(1).addCallback((n) => seen.push(n))
  expect(seen).toEqual([1])
})

test('a callback that throws switches to the errback side of the next pair', () => {
  const error = new Error('broken')
  const seen: unknown[] = []
  succeed(1)
    .addCallbacks(
      () => {
        throw error
      },
      () => seen.push('the errback of the same pair'),
    )
    .addCallbacks(
      () => seen.push('a callback'),
      (failure) => seen.push(failure.value),
    )
  expect(seen).toEqual([error])
})

test('a callback that returns a Failure switches to the errback side of the next pair', () => {
  const failure = new Failure('no')
  const seen: unknown[] = []
  succeed(1)
    .addCallbacks(
      () => failure,
      () => seen.push('the errback of the same pair'),
    )
    .addErrback((got) => seen.push(got))
  expect(seen).toEqual([failure])
})

test('an errback that returns a plain value switches back', () => {
  expect(outcome(fail(new Error('x')).addErrback(() => 'recovered'))).toEqual({ settled: true, value: 'recovered' })
})

test('an errback that returns nothing has recovered with undefined', () => {
  const seen = outcome(fail('x').addErrback(() => {}))
  expect(seen).toEqual({ settled: true, value: undefined })
})

test('an errback that throws, or returns its failure, stays on the errback side', () => {
  const seen: unknown[] = []
  fail('first')
    .addErrback((failure) => {
      seen.push(failure.value)
      return failure
    })
    .addErrback((failure) => {
      seen.push(failure.value)
      throw new Error('second')
    })
    .addErrback((failure) => seen.push((failure.value as Error).message))
  expect(seen).toEqual(['first', 'first', 'second'])
})

test('a failure passes callbacks by, and a value passes errbacks by', () => {
  const seen: string[] = []
  fail('x')
    .addCallback(() => seen.push('callback'))
    .addErrback(() => 'fine')
    .addErrback(() => seen.push('errback'))
    .addCallback((value) => seen.push(String(value)))
  expect(seen).toEqual(['fine'])
})

test('addBoth gets the value or the Failure', () => {
  const seen: unknown[] = []
  succeed(1).addBoth((result) => seen.push(result))
  fail('x').addBoth((result) => seen.push((result as Failure).value))
  expect(seen).toEqual([1, 'x'])
})

test('each method that adds a pair returns this same deferred', () => {
  const deferred = new Deferred<number>()
  expect(deferred.addCallback((n) => n)).toBe(deferred)
  expect(deferred.addErrback((f) => f)).toBe(deferred)
  expect(deferred.addCallbacks((n) => n, (f) => f)).toBe(deferred)
  expect(deferred.addBoth((r) => r)).toBe(deferred)
  expect(deferred.addTimeout(Infinity)).toBe(deferred)
  expect(deferred.cancelOn(new AbortController().signal)).toBe(deferred)
  expect(deferred.addProgress(() => {})).toBe(deferred)
  expect(deferred.chainDeferred(new Deferred())).toBe(deferred)
})

test('throwing a Failure is the same as returning it: it is never wrapped twice', () => {
  const failure = new Failure(new Error('x'))
  const thrown = succeed().addCallback(() => {
    throw failure
  })
  expect(failureOf(thrown)).toBe(failure)
  expect(failureOf(fail(failure))).toBe(failure)
  expect(failureOf(maybeDeferred(() => failure))).toBe(failure)
  expect(
    failureOf(
      maybeDeferred(() => {
        throw failure
      }),
    ),
  ).toBe(failure)
})

test('callback(failure) starts on the errback side', () => {
  const failure = new Failure('no')
  const deferred = new Deferred<unknown>()
  const seen: unknown[] = []
  deferred.addCallbacks(
    () => seen.push('callback'),
    (got) => seen.push(got),
  )
  deferred.callback(failure)
  expect(seen).toEqual([failure])
})

test('callback(x) with x a deferred is a TypeError, and leaves the deferred unfired', () => {
  const deferred = new Deferred<unknown>()
  const error = thrownBy(() => deferred.callback(new Deferred()))
  expect(error).toBeInstanceOf(TypeError)
  expect(error).toMatchObject({ code: 'ERR_FIRED_WITH_DEFERRED' })
  expect(deferred.called).toBe(false)
})

test('firing twice is an AlreadyCalledError, whichever way', () => {
  const deferred = succeed(1)
  expect(thrownBy(() => deferred.callback(2))).toMatchObject({ code: 'ERR_ALREADY_CALLED' })
  expect(thrownBy(() => deferred.errback('x'))).toMatchObject({ code: 'ERR_ALREADY_CALLED' })
  expect(deferred.peek()).toEqual({ status: 'fulfilled', value: 1 })
})

test('firing from inside its own callback is an AlreadyCalledError, which becomes the result', () => {
  const deferred = new Deferred<number>()
  deferred.addCallback(() => deferred.callback(2))
  deferred.callback(1)
  expect(failureOf(deferred).value).toMatchObject({ code: 'ERR_ALREADY_CALLED' })
})

test('a callback added by a running callback runs after those that stand already', () => {
  const seen: string[] = []
  const deferred = new Deferred<string>()
  deferred.addCallback(() => {
    deferred.addCallback(() => seen.push('added while running'))
    seen.push('first')
  })
  deferred.addCallback(() => seen.push('second'))
  deferred.callback('x')
  expect(seen).toEqual(['first', 'second', 'added while running'])
})

test('every kind of value is a value: undefined, null, 0, false, NaN and functions', () => {
  for (const value of [undefined, null, 0, '', false, Number.NaN, 10n, Symbol.iterator, () => 1, [], {}]) {
    const deferred = new Deferred<unknown>()
    const seen = outcome(deferred)
    deferred.callback(value)
    expect(seen).toEqual({ settled: true, value })
  }
})

test('errback takes an Error, any value, or a Failure, and tells undefined from a result', () => {
  const error = new Error('x')
  expect(failureOf(fail(error)).value).toBe(error)
  expect(failureOf(fail('text')).value).toBe('text')
  expect(failureOf(fail(undefined)).value).toBe(undefined)
})

test('called says whether it has fired or been cancelled, and peek how it stands', () => {
  const deferred = new Deferred<number>()
  expect(deferred.called).toBe(false)
  expect(deferred.peek()).toEqual({ status: 'pending' })
  deferred.callback(1)
  expect(deferred.called).toBe(true)
  expect(deferred.peek()).toEqual({ status: 'fulfilled', value: 1 })
  const failed = fail('x')
  expect(failed.peek()).toMatchObject({ status: 'rejected', failure: { value: 'x' } })
  failed.addErrback(() => {})
  const cancelled = new Deferred<number>()
  cancelled.cancel()
  expect(cancelled.called).toBe(true)
  cancelled.addErrback(() => {})
})

test('peek does not count as handling a failure, nor change the chain', () => {
  const deferred = fail('x')
  deferred.peek()
  expect(failureOf(deferred).value).toBe('x')
})

test('maybeDeferred never throws: an exception becomes a failure, a value a fired deferred', () => {
  expect(outcome(maybeDeferred((a: number, b: number) => a + b, 1, 2)).value).toBe(3)
  expect(failureOf(maybeDeferred(JSON.parse, '{')).value).toBeInstanceOf(SyntaxError)
  const inner = new Deferred<number>()
  expect(maybeDeferred(() => inner)).toBe(inner)
})

test('Deferred.from gives a deferred back as it is, adopts a thenable, and fires with anything else', async () => {
  const deferred = new Deferred<number>()
  expect(Deferred.from(deferred)).toBe(deferred)
  expect(Deferred.from(1).peek()).toEqual({ status: 'fulfilled', value: 1 })
  expect(await Deferred.from(Promise.resolve(2))).toBe(2)
  await expect(Deferred.from(Promise.reject(new Error('x')))).rejects.toThrow('x')
})

test('100,000 callbacks on one deferred take linear time and no stack', () => {
  const deferred = new Deferred<number>()
  let chain: Deferred<number> = deferred
  for (let i = 0; i < 100_000; i++) chain = chain.addCallback((n) => n + 1)
  deferred.callback(0)
  expect(deferred.peek()).toEqual({ status: 'fulfilled', value: 100_000 })
})

test('what cannot even be looked at, a revoked proxy, is a failure that can be, thrown or returned', () => {
  const unlookable = (): object => {
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    return proxy
  }
  const thrown = succeed(1).addCallback(() => {
    throw unlookable() as Error
  })
  expect(failureOf(thrown).value).toBeInstanceOf(TypeError)
  expect(thrown.addBoth(() => 'went on').peek()).toEqual({ status: 'fulfilled', value: 'went on' })
  expect(failureOf(succeed(1).addCallback(() => unlookable())).value).toBeInstanceOf(TypeError)
  expect(fail(unlookable()).addErrback(() => 'caught').peek()).toEqual({ status: 'fulfilled', value: 'caught' })
})
