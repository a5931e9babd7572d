import { CancelledError, Deferred, fail, succeed } from 'potoroo'
import { expect, test } from 'vitest'
import { failureOf, outcome, thrownBy } from './outcome.ts'

test('a chained deferred gets the value, and the first one’s later callbacks still see it', () => {
  const first = new Deferred<number>()
  const second = new Deferred<number>()
  first.chainDeferred(second)
  const later = outcome(first)
  first.callback(1)
  expect(outcome(second).value).toBe(1)
  expect(later.value).toBe(1)
})

test('a chained deferred gets the result at the point where it was chained', () => {
  const first = new Deferred<number>()
  const second = new Deferred<number>()
  first
    .addCallback((n) => n + 1)
    .chainDeferred(second)
    .addCallback((n) => n * 10)
  first.callback(1)
  expect(outcome(second).value).toBe(2)
  expect(outcome(first).value).toBe(20)
})

test('a chained deferred gets the failure, and the first one’s later errbacks still see it', () => {
  const first = new Deferred<number>()
  const second = new Deferred<number>()
  first.chainDeferred(second)
  first.errback('x')
  expect(failureOf(second).value).toBe('x')
  expect(failureOf(first).value).toBe('x')
})

test('a deferred can be chained to several others, and each gets the value', () => {
  const first = new Deferred<number>()
  const others = [new Deferred<number>(), new Deferred<number>(), new Deferred<number>()]
  for (const other of others) first.chainDeferred(other)
  first.callback(1)
  expect(others.map((other) => outcome(other).value)).toEqual([1, 1, 1])
})

test('chaining to a deferred that has already been cancelled is not an error', () => {
  const second = new Deferred<number>()
  second.cancel()
  const first = new Deferred<number>().chainDeferred(second)
  first.callback(1)
  expect(failureOf(second).value).toBeInstanceOf(CancelledError)
  expect(outcome(first).value).toBe(1)
})

test('a chained deferred may be cancelled on its own: the first goes on without it', () => {
  let runs = 0
  const second = new Deferred<number>(() => runs++)
  const first = new Deferred<number>().chainDeferred(second)
  second.cancel()
  expect(runs).toBe(1)
  expect(first.called).toBe(false)
  first.callback(1)
  expect(outcome(first).value).toBe(1)
  expect(failureOf(second).value).toBeInstanceOf(CancelledError)
})

test('firing a chained deferred by hand throws ERR_CHAINED', () => {
  const second = new Deferred<number>()
  const first = new Deferred<number>().chainDeferred(second)
  expect(thrownBy(() => second.callback(1))).toMatchObject({ code: 'ERR_CHAINED', name: 'ChainedError' })
  expect(thrownBy(() => second.errback(1))).toMatchObject({ code: 'ERR_CHAINED' })
  first.callback(2)
  expect(outcome(second).value).toBe(2)
})

test('firing a chained deferred by hand after it has fired is an AlreadyCalledError', () => {
  const second = new Deferred<number>()
  succeed(1).chainDeferred(second)
  expect(thrownBy(() => second.callback(1))).toMatchObject({ code: 'ERR_ALREADY_CALLED' })
})

test('cancelling the first also cancels the second, each canceller once, with the reason', () => {
  const seen: unknown[] = []
  const second = new Deferred<number>((_, reason) => seen.push(['second', reason]))
  const first = new Deferred<number>((_, reason) => seen.push(['first', reason])).chainDeferred(second)
  first.cancel('why')
  first.cancel()
  second.cancel()
  expect(seen).toEqual([
    ['first', 'why'],
    ['second', 'why'],
  ])
  expect(failureOf(first).value).toMatchObject({ code: 'ERR_CANCELLED', cause: 'why' })
  expect(failureOf(second).value).toMatchObject({ code: 'ERR_CANCELLED', cause: 'why' })
})

test('the canceller of a chained deferred may fire it by hand', () => {
  const second = new Deferred<string>((self) => self.callback('mine'))
  const first = new Deferred<string>().chainDeferred(second)
  first.cancel()
  expect(outcome(second).value).toBe('mine')
  expect(failureOf(first).value).toBeInstanceOf(CancelledError)
})

test('a canceller that cancels the deferred it is chained to does not run twice', () => {
  let runs = 0
  const first = new Deferred<number>()
  const second = new Deferred<number>(() => {
    runs++
    first.cancel()
  })
  first.chainDeferred(second)
  second.cancel()
  expect(runs).toBe(1)
  expect(failureOf(first).value).toBeInstanceOf(CancelledError)
  expect(failureOf(second).value).toBeInstanceOf(CancelledError)
})

test('cancelling the first leaves a second that was cancelled before as it is', () => {
  const second = new Deferred<number>()
  const first = new Deferred<number>().chainDeferred(second)
  second.cancel('the second')
  // Its producer has not heard of that, and is forgiven once.
  second.callback(1)
  first.cancel('the first')
  expect(thrownBy(() => second.callback(2))).toMatchObject({ code: 'ERR_ALREADY_CALLED' })
  expect(failureOf(second).value).toMatchObject({ cause: 'the second' })
  expect(failureOf(first).value).toMatchObject({ cause: 'the first' })
})

test('cancelling the first while it waits for an inner deferred cancels the second too', () => {
  let runs = 0
  const second = new Deferred<number>(() => runs++)
  const first = succeed()
    .addCallback(() => new Deferred<number>())
    .chainDeferred(second)
  first.cancel()
  expect(runs).toBe(1)
  expect(failureOf(second).value).toBeInstanceOf(CancelledError)
  failureOf(first)
})

test('chaining to one that is chained, has fired, or is the deferred itself is a coded error', () => {
  const chained = new Deferred<number>()
  new Deferred<number>().chainDeferred(chained)
  expect(thrownBy(() => new Deferred<number>().chainDeferred(chained))).toMatchObject({ code: 'ERR_CHAINED' })
  expect(thrownBy(() => new Deferred<number>().chainDeferred(succeed(1)))).toMatchObject({ code: 'ERR_ALREADY_CALLED' })
  const failed = fail('x')
  expect(thrownBy(() => new Deferred<never>().chainDeferred(failed))).toMatchObject({ code: 'ERR_ALREADY_CALLED' })
  failureOf(failed)
  const itself = new Deferred<number>()
  expect(thrownBy(() => itself.chainDeferred(itself))).toMatchObject({ code: 'ERR_CHAINED' })
})

test('a fired deferred fires the one it is chained to at once', () => {
  const second = new Deferred<number>()
  succeed(1).chainDeferred(second)
  expect(outcome(second).value).toBe(1)
})

test('what the second one’s callbacks add to the first runs after what stands there already', () => {
  const seen: string[] = []
  const first = new Deferred<number>()
  const second = new Deferred<number>()
  second.addCallback(() => {
    first.addCallback(() => seen.push('added by the second'))
  })
  second.addCallback(() => seen.push('second'))
  first.chainDeferred(second).addCallback(() => seen.push('first'))
  first.callback(1)
  expect(seen).toEqual(['second', 'first', 'added by the second'])
})

test('100,000 deferreds chained one to the next do not overflow the stack', () => {
  const deferreds = Array.from({ length: 100_000 }, () => new Deferred<number>())
  deferreds.forEach((deferred, i) => {
    const next = deferreds[i + 1]
    if (next !== undefined) deferred.chainDeferred(next)
  })
  deferreds[0]?.callback(1)
  expect(deferreds.at(-1)?.peek()).toEqual({ status: 'fulfilled', value: 1 })
})

test('100,000 deferreds chained one to the next can be cancelled from the first', () => {
  let runs = 0
  const deferreds = Array.from({ length: 100_000 }, () => new Deferred<number>(() => runs++))
  deferreds.forEach((deferred, i) => {
    const next = deferreds[i + 1]
    if (next !== undefined) deferred.chainDeferred(next)
  })
  deferreds[0]?.cancel()
  expect(runs).toBe(100_000)
  expect(deferreds.at(-1)?.peek().status).toBe('rejected')
  for (const deferred of deferreds) deferred.addErrback(() => {})
})
