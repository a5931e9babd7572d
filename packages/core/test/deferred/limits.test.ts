import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { abortable, CancelledError, Deferred, fail, ManualClock, sleep, succeed, TimeoutError } from 'potoroo'
import { expect, test } from 'vitest'
import { failureOf, outcome, thrownBy } from './outcome.ts'

test('addTimeout cancels what takes too long, and fails with TimeoutError', () => {
  const clock = new ManualClock()
  let cancelled = 0
  const deferred = new Deferred<number>(() => cancelled++).addTimeout(100, { clock })
  clock.advance(99)
  expect(deferred.called).toBe(false)
  clock.advance(1)
  expect(cancelled).toBe(1)
  const { value } = failureOf(deferred)
  expect(value).toBeInstanceOf(TimeoutError)
  expect(value).toMatchObject({ name: 'TimeoutError', code: 'ERR_TIMEOUT' })
})

test('addTimeout leaves no timer behind when the deferred fires, fails or is cancelled first', () => {
  const clock = new ManualClock()
  const value = new Deferred<number>().addTimeout(100, { clock })
  const failure = new Deferred<number>().addTimeout(100, { clock })
  const cancelled = new Deferred<number>().addTimeout(100, { clock })
  value.callback(1)
  failure.errback('x')
  cancelled.cancel()
  expect(clock.pendingTimers).toBe(0)
  expect(outcome(value).value).toBe(1)
  expect(failureOf(failure).value).toBe('x')
  expect(failureOf(cancelled).value).toBeInstanceOf(CancelledError)
})

test('addTimeout on a deferred that has its result sets no timer', () => {
  const clock = new ManualClock()
  expect(outcome(succeed(1).addTimeout(100, { clock })).value).toBe(1)
  expect(clock.pendingTimers).toBe(0)
})

test('addTimeout covers what was added before it, not what was added after', () => {
  const clock = new ManualClock()
  const before = sleep(clock, 50)
    .addCallback(() => sleep(clock, 100))
    .addTimeout(120, { clock })
  const after = sleep(clock, 50)
    .addTimeout(120, { clock })
    .addCallback(() => sleep(clock, 100, 'late'))
  const seen = outcome(after)
  clock.advance(150)
  expect(failureOf(before).value).toBeInstanceOf(TimeoutError)
  expect(seen.value).toBe('late')
})

test('onTimeout gets the cancellation’s failure, and what it returns goes on', () => {
  const clock = new ManualClock()
  const deferred = new Deferred<string>().addTimeout(100, {
    clock,
    onTimeout: (failure) => `instead of ${(failure.value as CancelledError).code}`,
  })
  clock.advance(100)
  expect(outcome(deferred).value).toBe('instead of ERR_CANCELLED')
})

test('onTimeout is not called for a cancellation by somebody else', () => {
  const clock = new ManualClock()
  const deferred = new Deferred<string>().addTimeout(100, { clock, onTimeout: () => 'timed out' })
  deferred.cancel()
  expect(failureOf(deferred).value).toBeInstanceOf(CancelledError)
})

test('a canceller that fires the deferred at the time-out has the last word', () => {
  const clock = new ManualClock()
  const deferred = new Deferred<string>((self) => self.callback('what there was')).addTimeout(1, { clock })
  clock.advance(1)
  expect(outcome(deferred).value).toBe('what there was')
})

test('the shorter of two time-outs decides, and both timers are gone', () => {
  const clock = new ManualClock()
  const deferred = new Deferred<string>().addTimeout(100, { clock }).addTimeout(10, { clock })
  clock.advance(10)
  expect(failureOf(deferred).value).toMatchObject({ message: expect.stringContaining('10 ms') })
  expect(clock.pendingTimers).toBe(0)
})

test('a negative time-out, or one that is no number, is a RangeError', () => {
  for (const ms of [-1, Number.NaN, '5' as unknown as number, undefined as unknown as number]) {
    const deferred = new Deferred()
    expect(thrownBy(() => deferred.addTimeout(ms))).toMatchObject({ name: 'RangeError', code: 'ERR_INVALID_TIME' })
    expect(thrownBy(() => sleep(ms))).toMatchObject({ name: 'RangeError', code: 'ERR_INVALID_TIME' })
  }
})

test('an infinite time-out never comes', () => {
  const clock = new ManualClock()
  const deferred = new Deferred<number>().addTimeout(Infinity, { clock })
  expect(clock.pendingTimers).toBe(0)
  deferred.callback(1)
  expect(outcome(deferred).value).toBe(1)
})

/** Counts the listeners that stand on an abort signal. */
function listened(): { controller: AbortController; listeners: () => number } {
  const controller = new AbortController()
  const { signal } = controller
  const standing = new Set<unknown>()
  const add = signal.addEventListener.bind(signal)
  const remove = signal.removeEventListener.bind(signal)
  signal.addEventListener = ((type: 'abort', listener: () => void, options?: AddEventListenerOptions) => {
    standing.add(listener)
    add(type, listener, options)
  }) as AbortSignal['addEventListener']
  signal.removeEventListener = ((type: 'abort', listener: () => void) => {
    standing.delete(listener)
    remove(type, listener)
  }) as AbortSignal['removeEventListener']
  return { controller, listeners: () => standing.size }
}

test('cancelOn cancels with signal.reason, and runs the canceller', () => {
  const { controller, listeners } = listened()
  let given: unknown
  const deferred = new Deferred<number>((_, reason) => {
    given = reason
  }).cancelOn(controller.signal)
  controller.abort('shutting down')
  expect(given).toBe('shutting down')
  expect(failureOf(deferred).value).toMatchObject({ code: 'ERR_CANCELLED', cause: 'shutting down' })
  expect(listeners()).toBe(0)
})

test('cancelOn leaves no listener behind when the deferred fires first', () => {
  const { controller, listeners } = listened()
  const deferred = new Deferred<number>().cancelOn(controller.signal)
  expect(listeners()).toBe(1)
  deferred.callback(1)
  expect(listeners()).toBe(0)
  controller.abort()
  expect(outcome(deferred).value).toBe(1)
})

test('cancelOn leaves no listener behind when the deferred fails or is cancelled first', () => {
  for (const end of ['errback', 'cancel'] as const) {
    const { controller, listeners } = listened()
    const deferred = new Deferred<number>().cancelOn(controller.signal)
    deferred[end]('x')
    expect(listeners()).toBe(0)
    failureOf(deferred)
  }
})

test('cancelOn covers what was added before it', () => {
  const { controller, listeners } = listened()
  const inner = new Deferred<number>()
  const deferred = succeed()
    .addCallback(() => inner)
    .cancelOn(controller.signal)
    .addCallback(() => new Deferred<number>())
  inner.callback(1)
  expect(listeners()).toBe(0)
  controller.abort()
  expect(deferred.peek().status).toBe('pending')
  deferred.cancel()
  failureOf(deferred)
})

test('cancelOn a signal that is aborted already cancels at once', () => {
  const { controller, listeners } = listened()
  controller.abort('over')
  const deferred = new Deferred<number>().cancelOn(controller.signal)
  expect(failureOf(deferred).value).toMatchObject({ cause: 'over' })
  expect(listeners()).toBe(0)
})

test('cancelOn with what is no AbortSignal is a TypeError', () => {
  for (const signal of [undefined, null, {}, { aborted: true }, new EventTarget(), new AbortController()]) {
    const error = thrownBy(() => new Deferred().cancelOn(signal as AbortSignal))
    expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_SIGNAL' })
  }
})

test('cancelOn leaves a fired deferred as it is', () => {
  const { controller, listeners } = listened()
  expect(outcome(succeed(1).cancelOn(controller.signal)).value).toBe(1)
  expect(listeners()).toBe(0)
})

test('signal is made on first use, is always the same, and is aborted when this is cancelled', () => {
  const deferred = new Deferred<number>()
  const { signal } = deferred
  expect(deferred.signal).toBe(signal)
  expect(signal.aborted).toBe(false)
  deferred.cancel('why')
  expect(signal.aborted).toBe(true)
  expect(signal.reason).toBe('why')
  failureOf(deferred)
})

test('a signal asked for after the cancelling is aborted with the same reason', () => {
  const deferred = new Deferred<number>()
  deferred.cancel('why')
  expect(deferred.signal.aborted).toBe(true)
  expect(deferred.signal.reason).toBe('why')
  failureOf(deferred)
  const inner = new Deferred<number>()
  const outer = succeed().addCallback(() => inner)
  outer.cancel('why')
  expect(inner.signal.reason).toBe('why')
  failureOf(outer)
})

test('signal is not aborted by firing', () => {
  const deferred = new Deferred<number>()
  const { signal } = deferred
  deferred.callback(1)
  deferred.cancel()
  expect(signal.aborted).toBe(false)
})

test('signal is aborted when what the deferred waits for is cancelled through it', () => {
  const outer = succeed().addCallback(() => new Deferred<number>())
  const { signal } = outer
  outer.cancel()
  expect(signal.aborted).toBe(true)
  failureOf(outer)
})

test('a listener on the signal may fire the deferred: its word counts, and the canceller is not run', () => {
  let runs = 0
  const deferred = new Deferred<string>(() => runs++)
  deferred.signal.addEventListener('abort', () => deferred.callback('from the listener'))
  deferred.cancel()
  expect(outcome(deferred).value).toBe('from the listener')
  expect(runs).toBe(0)
})

test('abortable aborts the signal when it is cancelled', () => {
  let given!: AbortSignal
  const deferred = abortable((signal) => {
    given = signal
    return new Promise<string>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
  })
  expect(given.aborted).toBe(false)
  deferred.cancel('why')
  expect(given.reason).toBe('why')
  expect(failureOf(deferred).value).toMatchObject({ code: 'ERR_CANCELLED', cause: 'why' })
})

test('abortable gives the promise’s result, and what it throws at once as a failure', async () => {
  expect(await abortable(async () => 5)).toBe(5)
  expect(outcome(abortable(() => 5)).value).toBe(5)
  const error = new Error('at once')
  expect(
    failureOf(
      abortable(() => {
        throw error
      }),
    ).value,
  ).toBe(error)
})

test('fetch becomes cancellable: the server, too, hears that its answer is no longer wanted', async () => {
  const asked = new Deferred<Socket>()
  const server = createServer(({ socket }) => asked.callback(socket)).listen(0, '127.0.0.1')
  try {
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const page = abortable((signal) => fetch(`http://127.0.0.1:${port}/`, { signal }))
    const socket = await asked
    const closed = once(socket, 'close')
    page.cancel('no longer wanted')
    expect(failureOf(page).value).toMatchObject({ code: 'ERR_CANCELLED', cause: 'no longer wanted' })
    await closed
  } finally {
    server.close()
  }
})

test('abortable with a deferred inside: cancelling cancels that too', () => {
  let runs = 0
  const deferred = abortable(() => new Deferred<number>(() => runs++))
  deferred.cancel()
  expect(runs).toBe(1)
  failureOf(deferred)
})

test('a failure that comes before the time-out is left as it is', () => {
  const clock = new ManualClock()
  expect(failureOf(fail('x').addTimeout(5, { clock })).value).toBe('x')
})
