import { Deferred, isCancelled, ManualClock, ParallelCommandError, ParallelCommandExecutor, sleep } from 'potoroo'
import { expect, test } from 'vitest'
import { failureOf, outcome, thrownBy } from '../deferred/outcome.ts'

/** An executor of `n` commands whose deferreds are in the test's hands. */
function commands(n: number, options?: ConstructorParameters<typeof ParallelCommandExecutor>[0]) {
  const clock = new ManualClock()
  const executor = new ParallelCommandExecutor<[string], string>({ clock, ...options })
  const calls: { arg: string; call: Deferred<string>; cancelled: unknown[] }[] = []
  for (let i = 0; i < n; i++) {
    executor.register((arg) => {
      const cancelled: unknown[] = []
      const call = new Deferred<string>((_, reason) => cancelled.push(reason))
      calls.push({ arg, call, cancelled })
      return call
    })
  }
  return { clock, executor, calls }
}

test('all commands are called at once with the arguments; the first success wins and the others are cancelled', () => {
  const { executor, calls } = commands(3)
  const seen = outcome(executor.execute('x'))
  expect(calls.map(({ arg }) => arg)).toEqual(['x', 'x', 'x'])
  calls[2]?.call.errback('no')
  calls[1]?.call.callback('yes')
  expect(seen.value).toBe('yes')
  expect(calls.map(({ cancelled }) => cancelled.length)).toEqual([1, 0, 0])
})

test('if all fail, those that throw too, one error holds their failures in order of registration', () => {
  const { executor, calls } = commands(2)
  executor.register(() => {
    throw new RangeError('thrown')
  })
  const seen = outcome(executor.execute('x'))
  calls[1]?.call.errback('b')
  calls[0]?.call.errback('a')
  expect(seen.error).toBeInstanceOf(ParallelCommandError)
  expect((seen.error as ParallelCommandError).failures.map((failure) => failure.value)).toEqual(['a', 'b', new RangeError('thrown')])
})

test('none registered: execute throws', () => {
  expect(thrownBy(() => new ParallelCommandExecutor().execute())).toMatchObject({ code: 'ERR_NO_COMMANDS' })
})

test('what is no function is no command', () => {
  const executor = new ParallelCommandExecutor<[], string>()
  expect(thrownBy(() => executor.register(Promise.resolve('x') as never))).toMatchObject({ name: 'TypeError', code: 'ERR_NOT_A_FUNCTION' })
})

test('cancelling it cancels those underway, with the reason, and it fails as cancelled', () => {
  const { executor, calls, clock } = commands(3, { hedgeAfter: 10 })
  const result = executor.execute('x')
  clock.advance(10)
  result.cancel('enough')
  expect(calls.map(({ cancelled }) => cancelled)).toEqual([['enough'], ['enough']])
  expect(isCancelled(failureOf(result).value)).toBe(true)
  expect(clock.pendingTimers).toBe(0)
})

test('cancelled, it starts nothing more, though all it started have failed', () => {
  const { executor, calls, clock } = commands(3, { hedgeAfter: 10 })
  const result = executor.execute('x')
  calls[0]?.call.addErrback(() => {})
  result.cancel('enough')
  clock.advance(1_000)
  expect(calls.length).toBe(1)
  expect(failureOf(result).value).toMatchObject({ code: 'ERR_CANCELLED', cause: 'enough' })
})

test('commands that are all cancelled by somebody else have failed', () => {
  const { executor, calls } = commands(2)
  const result = executor.execute('x')
  for (const { call } of calls) call.cancel('not by us')
  expect(failureOf(result).value).toBeInstanceOf(ParallelCommandError)
})

test('commands registered during an execution are for the next one', () => {
  const executor = new ParallelCommandExecutor<[], string>()
  const answer = new Deferred<string>()
  executor.register(() => {
    executor.register(() => 'second')
    return answer
  })
  const first = outcome(executor.execute())
  expect(first.settled).toBe(false)
  expect(outcome(executor.execute()).value).toBe('second')
  expect(answer.called).toBe(true)
})

test('hedged: a later command starts only after the wait, and no timer outlives the answer', () => {
  const { executor, calls, clock } = commands(3, { hedgeAfter: 100 })
  const seen = outcome(executor.execute('x'))
  expect(calls.length).toBe(1)
  clock.advance(99)
  expect(calls.length).toBe(1)
  clock.advance(1)
  expect(calls.length).toBe(2)
  calls[0]?.call.callback('slow but first')
  expect(seen.value).toBe('slow but first')
  expect(calls[1]?.cancelled.length).toBe(1)
  expect(clock.pendingTimers).toBe(0)
  clock.advance(1_000)
  expect(calls.length).toBe(2)
})

test('hedged: when every started one has failed, the next starts at once, and the wait begins anew', () => {
  const { executor, calls, clock } = commands(3, { hedgeAfter: 100 })
  outcome(executor.execute('x'))
  clock.advance(50)
  calls[0]?.call.errback('a')
  expect(calls.length).toBe(2)
  clock.advance(99)
  expect(calls.length).toBe(2)
  clock.advance(1)
  expect(calls.length).toBe(3)
  expect(clock.pendingTimers).toBe(0)
  for (const { call } of calls.slice(1)) call.errback('no')
})

test('hedged: a failure while another is underway starts nothing', () => {
  const { executor, calls, clock } = commands(3, { hedgeAfter: 100 })
  const result = executor.execute('x')
  clock.advance(100)
  calls[0]?.call.errback('a')
  expect(calls.length).toBe(2)
  calls[1]?.call.errback('b')
  expect(calls.length).toBe(3)
  calls[2]?.call.callback('c')
  expect(outcome(result).value).toBe('c')
  expect(clock.pendingTimers).toBe(0)
})

test('the wait may depend on how many have started; Infinity waits for failures only', () => {
  const asked: number[] = []
  const { executor, calls, clock } = commands(3, {
    hedgeAfter(started) {
      asked.push(started)
      return started === 1 ? 10 : Infinity
    },
  })
  const result = executor.execute('x')
  clock.advance(10)
  clock.advance(1e9)
  expect([calls.length, asked, clock.pendingTimers]).toEqual([2, [1, 2], 0])
  result.cancel()
  failureOf(result)
})

test('a wait that throws or is no time fails the execution, and cancels what is underway', () => {
  const { executor, calls } = commands(2, {
    hedgeAfter() {
      throw new Error('no idea')
    },
  })
  expect(failureOf(executor.execute('x')).value).toMatchObject({ message: 'no idea' })
  expect(calls[0]?.cancelled.length).toBe(1)
  const other = commands(2, { hedgeAfter: () => NaN })
  expect(failureOf(other.executor.execute('x')).value).toMatchObject({ code: 'ERR_INVALID_TIME' })
  expect(thrownBy(() => commands(1, { hedgeAfter: -1 }))).toMatchObject({ code: 'ERR_INVALID_TIME' })
})

test('a hundred thousand commands that fail at once follow each other without overflowing the stack', () => {
  const clock = new ManualClock()
  for (const options of [{}, { hedgeAfter: 5, clock }]) {
    const executor = new ParallelCommandExecutor<[], never>(options)
    for (let i = 0; i < 100_000; i++) {
      executor.register(() => {
        throw i
      })
    }
    expect((failureOf(executor.execute()).value as ParallelCommandError).failures.length).toBe(100_000)
  }
  expect(clock.pendingTimers).toBe(0)
})

test('a command’s success at once means that no later one is called', () => {
  const called: string[] = []
  const executor = new ParallelCommandExecutor<[], string>()
  executor.register(() => {
    called.push('a')
    return 'a'
  })
  executor.register(() => {
    called.push('b')
    return 'b'
  })
  expect(outcome(executor.execute()).value).toBe('a')
  expect(called).toEqual(['a'])
})

test('a time-out of the whole is a TimeoutError', () => {
  const clock = new ManualClock()
  const executor = new ParallelCommandExecutor<[], void>({ clock }).register(() => sleep(clock, 500))
  const result = executor.execute().addTimeout(100, { clock })
  clock.advance(100)
  expect(failureOf(result).value).toMatchObject({ code: 'ERR_TIMEOUT' })
  expect(clock.pendingTimers).toBe(0)
})
