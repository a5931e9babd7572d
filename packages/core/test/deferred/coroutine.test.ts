import { CancelledError, Deferred, fail, Failure, inlineCallbacks, succeed } from 'potoroo'
import { expect, test } from 'vitest'
import { failureOf, outcome, thrownBy } from './outcome.ts'

test('a coroutine waits at each yield*, gets the value there, and fires with what it returns', () => {
  const first = new Deferred<number>()
  const second = new Deferred<string>()
  const deferred = inlineCallbacks(function* (prefix: string) {
    const n = yield* first
    const s = yield* second
    return `${prefix} ${n + 1} ${s.length}`
  })('got')
  const seen = outcome(deferred)
  first.callback(1)
  expect(seen.settled).toBe(false)
  second.callback('four')
  expect(seen.value).toBe('got 2 4')
})

test('a failure is thrown at the yield, as the value inside the Failure', () => {
  const error = new Error('x')
  const deferred = inlineCallbacks(function* () {
    try {
      yield* fail(error)
      return 'not reached'
    } catch (caught) {
      return caught
    }
  })()
  expect(outcome(deferred).value).toBe(error)
})

test('a failure that the body lets pass is the failure it was, not another one around it', () => {
  const failure = new Failure(new Error('x'))
  const deferred = inlineCallbacks(function* () {
    yield* fail(failure)
  })()
  expect(failureOf(deferred)).toBe(failure)
})

test('until it ends a coroutine’s deferred has not fired', () => {
  const inner = new Deferred<number>()
  const deferred = inlineCallbacks(function* () {
    return yield* inner
  })()
  expect(deferred.called).toBe(false)
  expect(deferred.peek()).toEqual({ status: 'pending' })
  inner.callback(1)
  expect(deferred.called).toBe(true)
  expect(deferred.peek()).toEqual({ status: 'fulfilled', value: 1 })
})

test('a body that throws before its first yield gives a failed deferred', () => {
  // oxlint-disable-next-line require-yield
  const deferred = inlineCallbacks(function* () {
    throw new Error('at once')
  })()
  expect(failureOf(deferred).value).toMatchObject({ message: 'at once' })
})

test('a body that is no generator function gives a fired deferred', async () => {
  expect(outcome(inlineCallbacks((n: number) => n + 1)(1)).value).toBe(2)
  expect(outcome(inlineCallbacks(() => succeed('deferred'))()).value).toBe('deferred')
  expect(await inlineCallbacks(async () => 'promise')()).toBe('promise')
  expect(
    failureOf(
      inlineCallbacks(() => {
        throw new Error('no generator')
      })(),
    ).value,
  ).toMatchObject({ message: 'no generator' })
})

test('cancelling it cancels what it waits for, and throws CancelledError at the yield', () => {
  const seen: unknown[] = []
  const deferred = inlineCallbacks(function* () {
    try {
      yield* new Deferred<number>((_, reason) => seen.push(['cancelled', reason]))
    } catch (error) {
      seen.push(error)
      throw error
    }
  })()
  deferred.cancel('why')
  expect(seen).toEqual([['cancelled', 'why'], expect.any(CancelledError)])
  expect(failureOf(deferred).value).toMatchObject({ code: 'ERR_CANCELLED', cause: 'why' })
})

test('a cancelled coroutine that catches and goes on fires with what it finally returns', () => {
  const cleanup = new Deferred<string>()
  const deferred = inlineCallbacks(function* () {
    try {
      return yield* new Deferred<string>()
    } catch {
      return `cleaned up: ${yield* cleanup}`
    }
  })()
  const seen = outcome(deferred)
  deferred.cancel()
  expect(seen.settled).toBe(false)
  cleanup.callback('yes')
  expect(seen.value).toBe('cleaned up: yes')
})

test('what a coroutine waits for after a cancellation can be cancelled as well', () => {
  const cancelled: string[] = []
  const deferred = inlineCallbacks(function* () {
    for (const name of ['first', 'second', 'third']) {
      try {
        yield* new Deferred(() => cancelled.push(name))
      } catch {
        // Goes on with the next.
      }
    }
    return 'end'
  })()
  deferred.cancel()
  expect(cancelled).toEqual(['first'])
  deferred.cancel()
  deferred.cancel()
  expect(cancelled).toEqual(['first', 'second', 'third'])
  expect(outcome(deferred).value).toBe('end')
})

test('its finally blocks run when it is cancelled', () => {
  const seen: string[] = []
  const deferred = inlineCallbacks(function* () {
    try {
      yield* new Deferred()
    } finally {
      seen.push('finally')
    }
  })()
  deferred.cancel()
  expect(seen).toEqual(['finally'])
  failureOf(deferred)
})

test('a coroutine that cancels itself while it runs hears of it when it next waits', () => {
  const seen: string[] = []
  const go = new Deferred()
  const deferred: Deferred<string> = inlineCallbacks(function* () {
    yield* go
    deferred.cancel('by itself')
    yield* succeed()
    seen.push('what is there is no waiting')
    yield* new Deferred(() => seen.push('cancelled'))
    return 'not reached'
  })()
  go.callback()
  expect(seen).toEqual(['what is there is no waiting', 'cancelled'])
  expect(failureOf(deferred).value).toMatchObject({ cause: 'by itself' })
})

test('a coroutine that cancels itself, catches that and waits again is not cancelled twice', () => {
  const go = new Deferred()
  const cleanup = new Deferred<string>()
  const deferred: Deferred<string> = inlineCallbacks(function* () {
    yield* go
    deferred.cancel()
    try {
      return yield* new Deferred<string>()
    } catch {
      return yield* cleanup
    }
  })()
  go.callback()
  cleanup.callback('cleaned up')
  expect(outcome(deferred).value).toBe('cleaned up')
})

test('what a coroutine waits for when it has cancelled itself is cancelled, also if it is a promise', () => {
  const go = new Deferred()
  const deferred: Deferred<void> = inlineCallbacks(function* () {
    yield* go
    deferred.cancel('by itself')
    yield new Promise(() => {})
  })()
  go.callback()
  expect(failureOf(deferred).value).toMatchObject({ cause: 'by itself' })
})

test('coroutines wait for coroutines, and cancelling the outermost reaches the innermost', () => {
  let given: unknown
  const inner = inlineCallbacks(function* () {
    return yield* new Deferred<number>((_, reason) => {
      given = reason
    })
  })
  const outer = inlineCallbacks(function* () {
    return yield* inner()
  })
  const deferred = outer()
  deferred.cancel('all')
  expect(given).toBe('all')
  expect(failureOf(deferred).value).toBeInstanceOf(CancelledError)
})

test('100,000 yields of fired deferreds do not overflow the stack', () => {
  const count = inlineCallbacks(function* () {
    let sum = 0
    for (let i = 0; i < 100_000; i++) sum += yield* succeed(1)
    return sum
  })
  expect(outcome(count()).value).toBe(100_000)
})

test('100,000 coroutines, each waiting for the next, do not overflow the stack', () => {
  const innermost = new Deferred<number>()
  let deferred = innermost as Deferred<number>
  const plusOne = inlineCallbacks(function* (inner: Deferred<number>) {
    return (yield* inner) + 1
  })
  for (let i = 0; i < 100_000; i++) deferred = plusOne(deferred)
  const seen = outcome(deferred)
  innermost.callback(0)
  expect(seen.value).toBe(100_000)
})

test('promises and plain values may be yielded too', async () => {
  const deferred = inlineCallbacks(function* (): Generator<unknown, unknown, unknown> {
    const a = yield Promise.resolve(1)
    const b = yield 2
    const c = yield* Deferred.from(Promise.resolve(3))
    return [a, b, c]
  })()
  expect(await deferred).toEqual([1, 2, 3])
})

test('callbacks added to a running coroutine’s deferred wait for its end', () => {
  const inner = new Deferred<number>()
  const seen: unknown[] = []
  const deferred = inlineCallbacks(function* () {
    const a = yield* inner
    const b = yield* succeed(1)
    return a + b
  })()
  deferred.addCallback((n) => seen.push(n)).addCallback(() => seen.push('after'))
  inner.callback(1)
  expect(seen).toEqual([2, 'after'])
})

test('a returned deferred is waited for', () => {
  const inner = new Deferred<string>()
  // oxlint-disable-next-line require-yield
  const deferred = inlineCallbacks(function* () {
    return inner
  })()
  inner.callback('x')
  expect(outcome(deferred).value).toBe('x')
})

test('it gets `this` and the arguments of the call', () => {
  const account = {
    balance: 10,
    add: inlineCallbacks(function* (this: { balance: number }, amount: number) {
      this.balance += yield* succeed(amount)
      return this.balance
    }),
  }
  expect(outcome(account.add(5)).value).toBe(15)
})

test('a coroutine’s deferred cannot be fired by hand', () => {
  const deferred = inlineCallbacks(function* () {
    yield* new Deferred()
  })()
  expect(thrownBy(() => deferred.callback())).toMatchObject({ code: 'ERR_ALREADY_CALLED' })
  deferred.cancel()
  failureOf(deferred)
})

test('a coroutine that waits for itself gets an error, not a hang', () => {
  const go = new Deferred()
  const deferred: Deferred<unknown> = inlineCallbacks(function* (): Generator<unknown, unknown, never> {
    yield go
    return yield deferred
  })()
  go.callback()
  expect(failureOf(deferred).value).toMatchObject({ code: 'ERR_RETURNED_ITSELF' })
})
