import { CancelledError, Deferred, fail, Failure, isCancelled, sleep, ManualClock, succeed } from 'potoroo'
import { expect, test } from 'vitest'
import { failureOf, outcome, thrownBy } from './outcome.ts'

test('cancelling runs the canceller, and fails with CancelledError if that did not fire the deferred', () => {
  const seen: unknown[] = []
  const deferred = new Deferred<number>((self) => seen.push(self))
  deferred.cancel()
  expect(seen).toEqual([deferred])
  const { value } = failureOf(deferred)
  expect(value).toBeInstanceOf(CancelledError)
  expect(value).toMatchObject({ name: 'AbortError', code: 'ERR_CANCELLED' })
  expect(isCancelled(value)).toBe(true)
})

test('the reason is the error’s cause, and the canceller gets it too', () => {
  const reason = { why: 'tired' }
  let given: unknown
  const deferred = new Deferred((_, why) => {
    given = why
  })
  deferred.cancel(reason)
  expect(given).toBe(reason)
  expect(failureOf(deferred).value).toMatchObject({ cause: reason })
  const other = new Deferred()
  other.cancel()
  expect(Object.hasOwn(failureOf(other).value as Error, 'cause')).toBe(false)
})

test('a canceller may fire the deferred itself, with a value or a failure', () => {
  const value = new Deferred<string>((self) => self.callback('partial'))
  value.cancel()
  expect(outcome(value).value).toBe('partial')
  const failure = new Deferred<string>((self) => self.errback('mine'))
  failure.cancel()
  expect(failureOf(failure).value).toBe('mine')
})

test('the canceller runs once, even if it cancels again', () => {
  let runs = 0
  const deferred = new Deferred<number>((self) => {
    runs++
    self.cancel()
  })
  deferred.cancel()
  deferred.cancel()
  expect(runs).toBe(1)
  expect(failureOf(deferred).value).toBeInstanceOf(CancelledError)
})

test('with no canceller, one later firing by the producer is ignored in silence; a second is an error', () => {
  for (const firing of ['callback', 'errback'] as const) {
    const deferred = new Deferred<string>()
    deferred.cancel()
    deferred[firing]('late')
    expect(thrownBy(() => deferred.callback('later'))).toMatchObject({ code: 'ERR_ALREADY_CALLED' })
    expect(failureOf(deferred).value).toBeInstanceOf(CancelledError)
  }
})

test('with a canceller, the producer knows: its later firing is an error', () => {
  const deferred = new Deferred<number>(() => {})
  deferred.cancel()
  expect(thrownBy(() => deferred.callback(1))).toMatchObject({ code: 'ERR_ALREADY_CALLED' })
  failureOf(deferred)
})

test('cancelling once fired with a plain result does nothing', () => {
  let runs = 0
  const deferred = new Deferred<number>(() => runs++)
  deferred.callback(1)
  deferred.cancel()
  expect(runs).toBe(0)
  expect(outcome(deferred).value).toBe(1)
  const failed = fail('x')
  failed.cancel()
  expect(failureOf(failed).value).toBe('x')
})

test('fired and waiting for an inner deferred: cancels that one', () => {
  const seen: unknown[] = []
  const inner = new Deferred<number>((_, reason) => seen.push(['inner', reason]))
  const outer = new Deferred<number>(() => seen.push('outer'))
  outer.addCallback(() => inner)
  outer.callback(1)
  outer.cancel('why')
  expect(seen).toEqual([['inner', 'why']])
  expect(failureOf(outer).value).toMatchObject({ code: 'ERR_CANCELLED', cause: 'why' })
})

test('an inner deferred that is cancelled may still give the outer one a value', () => {
  const inner = new Deferred<string>((self) => self.callback('saved'))
  const outer = succeed().addCallback(() => inner)
  outer.cancel()
  expect(outcome(outer).value).toBe('saved')
})

test('waiting for a promise: cancelling fails the chain at once, and what the promise does later is ignored', async () => {
  let reject!: (reason: unknown) => void
  const promise = new Promise<number>((_, no) => {
    reject = no
  })
  const deferred = succeed().addCallback(() => promise)
  deferred.cancel()
  expect(failureOf(deferred).value).toBeInstanceOf(CancelledError)
  reject(new Error('nobody listens'))
  await Promise.resolve()
})

test('a canceller that throws fails the deferred with what it threw', () => {
  const error = new Error('cannot stop')
  const deferred = new Deferred<number>(() => {
    throw error
  })
  deferred.cancel()
  expect(failureOf(deferred).value).toBe(error)
  const failure = new Failure('x')
  const other = new Deferred<number>(() => {
    throw failure
  })
  other.cancel()
  expect(failureOf(other)).toBe(failure)
})

test('cancelling twice is harmless', () => {
  const deferred = new Deferred<number>()
  deferred.cancel('first')
  deferred.cancel('second')
  expect(failureOf(deferred).value).toMatchObject({ cause: 'first' })
})

test('a chain of 100,000 waiting deferreds can be cancelled too, and the reason travels inwards', () => {
  let given: unknown
  const innermost = new Deferred<number>((_, reason) => {
    given = reason
  })
  let deferred: Deferred<number> = innermost
  for (let i = 0; i < 100_000; i++) {
    const inner = deferred
    deferred = succeed().addCallback(() => inner)
  }
  deferred.cancel('stop')
  expect(given).toBe('stop')
  expect(failureOf(deferred).value).toMatchObject({ code: 'ERR_CANCELLED', cause: 'stop' })
})

test('disposing is cancelling', () => {
  let runs = 0
  const held = new Deferred<number>(() => runs++)
  held.addErrback(() => 0)
  {
    using _ = held
  }
  expect(runs).toBe(1)
  const fired = succeed(1)
  {
    using _ = fired
  }
  expect(outcome(fired).value).toBe(1)
})

test('after a cancellation the chain may recover and wait again, and be cancelled again', () => {
  const cancelled: number[] = []
  const outer = succeed()
    .addCallback(() => new Deferred<number>(() => cancelled.push(1)))
    .addErrback(() => new Deferred<number>(() => cancelled.push(2)))
  outer.cancel()
  expect(outer.peek().status).toBe('pending')
  outer.cancel()
  expect(cancelled).toEqual([1, 2])
  expect(failureOf(outer).value).toBeInstanceOf(CancelledError)
})

test('an error for a cancellation names itself in its stack', () => {
  const deferred = new Deferred()
  deferred.cancel()
  expect((failureOf(deferred).value as Error).stack).toContain('The call was cancelled')
})

test('cancelling leaves no timer behind', () => {
  const clock = new ManualClock()
  const deferred = sleep(clock, 1000)
  deferred.cancel()
  expect(clock.pendingTimers).toBe(0)
  failureOf(deferred)
})
