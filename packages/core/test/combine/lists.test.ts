import {
  CancelledError,
  Deferred,
  deferredList,
  DeferredListObserver,
  eventStream,
  fail,
  FirstError,
  firstCallback,
  firstN,
  firstSuccess,
  FailureGroup,
  gatherResults,
  ManualClock,
  ParallelCommandExecutor,
  race,
  sleep,
  succeed,
  TimeoutError,
  when2,
} from 'potoroo'
import { expect, test, vi } from 'vitest'
import { failureOf, outcome, thrownBy } from '../deferred/outcome.ts'

type Trio = [Deferred<string>, Deferred<string>, Deferred<string>]
function trio(): Trio {
  return [new Deferred(), new Deferred(), new Deferred()]
}
function forget(members: readonly Deferred<unknown>[]): void {
  for (const member of members) member.addErrback(() => {})
}
test('deferredList fires with the outcomes in order, whatever the order of firing', () => {
  const [a, b, c] = trio()
  const seen = outcome(deferredList([a, b, c], { consumeErrors: true }))
  c.callback('c')
  a.errback('a')
  expect(seen.settled).toBe(false)
  b.callback('b')
  expect(seen.value).toMatchObject([
    { success: false, failure: { value: 'a' } },
    { success: true, value: 'b' },
    { success: true, value: 'c' },
  ])
})

test('deferredList with fireOnOneCallback fires with the first success, or else with the full list', () => {
  const [a, b, c] = trio()
  const seen = outcome(deferredList([a, b, c], { fireOnOneCallback: true, consumeErrors: true }))
  a.errback('no')
  c.callback('yes')
  expect(seen.value).toEqual({ index: 2, value: 'yes' })
  const none = outcome(deferredList([fail('x'), fail('y')], { fireOnOneCallback: true, consumeErrors: true }))
  expect(none.value).toMatchObject([{ success: false }, { success: false }])
})

test('deferredList with fireOnOneErrback, and gatherResults, fail with FirstError', () => {
  for (const combine of [
    (items: Trio) => deferredList(items, { fireOnOneErrback: true, consumeErrors: true }),
    (items: Trio) => gatherResults(items, { consumeErrors: true }),
  ]) {
    const members = trio()
    const seen = outcome<unknown>(combine(members))
    members[1].errback('no')
    expect(seen.error).toBeInstanceOf(FirstError)
    expect(seen.error).toMatchObject({ index: 1, failure: { value: 'no' }, code: 'ERR_FIRST_ERROR', cause: 'no' })
  }
})

test('gatherResults fires with the values in order', () => {
  const [a, b, c] = trio()
  const seen = outcome(gatherResults([a, b, c, 'd']))
  c.callback('c')
  b.callback('b')
  a.callback('a')
  expect(seen.value).toEqual(['a', 'b', 'c', 'd'])
})

test('with consumeErrors a member goes on with undefined, even if it fails when the list has fired', () => {
  const [a, b, c] = trio()
  outcome(gatherResults([a, b, c], { consumeErrors: true }))
  a.errback('first')
  b.errback('second')
  expect(outcome(a)).toEqual({ settled: true, value: undefined })
  expect(outcome(b)).toEqual({ settled: true, value: undefined })
  c.callback('kept')
  expect(outcome(c).value).toBe('kept')
})

test('without it a member keeps its failure', () => {
  const [a, b] = trio()
  outcome(deferredList([a, b]))
  a.errback('mine')
  expect(failureOf(a).value).toBe('mine')
})

test('firstCallback fires with the first to fire, or fails if that failed', () => {
  const [a, b, c] = trio()
  const seen = outcome(firstCallback([a, b, c]))
  b.callback('b')
  expect(seen.value).toEqual({ index: 1, value: 'b' })
  const failed = outcome(firstCallback([a, c]))
  c.errback('no')
  expect(failed.error).toMatchObject({ name: 'FirstError', index: 1 })
})

test('firstSuccess and race fail only if all members do, with their failures in member order', () => {
  for (const combine of [firstSuccess, race]) {
    const [a, b, c] = trio()
    const seen = outcome(combine([a, b, c]))
    c.errback('c')
    a.errback('a')
    expect(seen.settled).toBe(false)
    b.errback('b')
    expect(seen.error).toBeInstanceOf(FailureGroup)
    expect((seen.error as FailureGroup).failures.map((failure) => failure.value)).toEqual(['a', 'b', 'c'])
    const [d, e] = trio()
    const second = outcome(combine([d, e]))
    d.errback('d')
    e.callback('e')
    expect(second.value).toEqual({ index: 1, value: 'e' })
  }
})

test('race cancels the losers before it fires, those after a member that has fired already too', () => {
  const [a, b] = trio()
  const seen: unknown[] = []
  race([a, b, 'c']).addCallback(({ value }) => seen.push(value, a.called, b.called))
  expect(seen).toEqual(['c', true, true])
  expect(failureOf(a).value).toBeInstanceOf(CancelledError)
  let cancelled = 0
  const after = new Deferred<string>(() => cancelled++)
  outcome(race([succeed('now'), after]))
  expect(cancelled).toBe(1)
})

test('a loser’s canceller that cancels the race does not change who has won', () => {
  const winner = new Deferred<string>()
  const loser = new Deferred<string>(() => result.cancel())
  const result = race([winner, loser])
  winner.callback('won')
  expect(outcome(result).value).toEqual({ index: 0, value: 'won' })
})

test('only race and ParallelCommandExecutor cancel those that lost', () => {
  for (const [name, combine] of each) {
    for (const decide of ['callback', 'errback'] as const) {
      const [a, b, c] = trio()
      const result = combine([a, b, c])
      b[decide]('b')
      const cancels = decide === 'callback' && (name === 'race' || name === 'ParallelCommandExecutor')
      expect([name, decide, a.called, c.called]).toEqual([name, decide, cancels, cancels])
      result.addErrback(() => {})
      result.cancel()
      forget([a, b, c])
    }
  }
})

test('firstN fires with the first n to succeed, in firing order, and fails at an error before that', () => {
  const [a, b, c] = trio()
  const seen = outcome(firstN([a, b, c], 2))
  c.callback('c')
  a.callback('a')
  expect(seen.value).toEqual([{ index: 2, value: 'c' }, { index: 0, value: 'a' }])
  const failed = outcome(firstN([b, 'x'], 2))
  b.errback('no')
  expect(failed.error).toMatchObject({ name: 'FirstError', index: 0 })
  expect(outcome(firstN([new Deferred()], 0)).value).toEqual([])
  for (const n of [-1, 2, 1.5, NaN]) expect(thrownBy(() => firstN(['x'], n))).toMatchObject({ code: 'ERR_INVALID_COUNT' })
})

test('lists of nothing fire with nothing; the first of nothing is an error', () => {
  expect(outcome(deferredList([])).value).toEqual([])
  expect(outcome(gatherResults([])).value).toEqual([])
  expect(outcome(when2([])).value).toEqual([])
  expect(outcome(firstN([], 0)).value).toEqual([])
  for (const combine of [firstCallback, firstSuccess, race]) {
    const error = thrownBy(() => combine([]))
    expect(error).toBeInstanceOf(RangeError)
    expect(error).toMatchObject({ code: 'ERR_NO_MEMBERS' })
  }
})

// Every function that combines.
const all: Record<string, (items: readonly unknown[]) => Deferred<unknown>> = {
  deferredList: (items) => deferredList(items),
  'deferredList, fireOnOneCallback': (items) => deferredList(items, { fireOnOneCallback: true }),
  'deferredList, fireOnOneErrback': (items) => deferredList(items, { fireOnOneErrback: true }),
  'deferredList, consumeErrors': (items) => deferredList(items, { consumeErrors: true }),
  gatherResults: (items) => gatherResults(items),
  firstCallback: (items) => firstCallback(items),
  firstSuccess: (items) => firstSuccess(items),
  firstN: (items) => firstN(items, 1),
  race: (items) => race(items),
  when2: (items) => when2(items),
  'when2, resolveOnFirstSuccess': (items) => when2(items, { resolveOnFirstSuccess: true }),
  'when2, failOnFirstError false': (items) => when2(items, { failOnFirstError: false }),
  eventStream: (items) => eventStream(items).done,
  ParallelCommandExecutor(items) {
    const executor = new ParallelCommandExecutor<[], unknown>()
    for (const item of items) executor.register(() => item)
    return executor.execute()
  },
}
const each = Object.entries(all)

test.each(each)('%s takes deferreds, promises, other thenables and values, those that fail too', async (name, combine) => {
  const thenable = (fails: boolean): PromiseLike<string> =>
    ({ then: (onValue: (value: string) => void, onFailure: (reason: string) => void) => (fails ? onFailure('no') : onValue('yes')) }) as never
  const good = [succeed('yes'), Promise.resolve('yes'), thenable(false), 'yes']
  const settled = await Promise.all(good.map((member) => combine([member])))
  const expected: Record<string, unknown> = {
    gatherResults: ['yes'],
    firstN: [{ index: 0, value: 'yes' }],
    when2: ['yes'],
    'when2, failOnFirstError false': ['yes'],
    eventStream: undefined,
    ParallelCommandExecutor: 'yes',
  }
  const list = name.startsWith('deferredList') && !name.includes('OneCallback')
  const one = list ? [{ success: true, value: 'yes' }] : { index: 0, value: 'yes' }
  expect(settled).toEqual(good.map(() => (name in expected ? expected[name] : one)))

  // What fails gives one and the same, whatever kind it is of.
  const bad = [fail('no'), Promise.reject('no'), thenable(true)]
  const outcomes = await Promise.all(bad.map((member) => combine([member]).addBoth((result) => [result])))
  forget([bad[0] as Deferred<unknown>])
  expect(outcomes).toEqual(bad.map(() => outcomes[0]))
})

test.each(each)('%s is built on the observer', (_, combine) => {
  const append = vi.spyOn(DeferredListObserver.prototype, 'append')
  const members = trio()
  const result = combine(members)
  expect(append.mock.calls).toEqual(members.map((member) => [member]))
  append.mockRestore()
  result.addErrback(() => {})
  result.cancel()
  forget(members)
})

test.each(each)('%s, cancelled, cancels its members that have not fired, and fails as cancelled, with the reason', (_, combine) => {
  const reasons: unknown[] = []
  const members = ['a', 'b'].map((name) => new Deferred<string>((_, reason) => reasons.push(name, reason)))
  const result = combine(members)
  result.cancel('enough')
  expect(reasons).toEqual(['a', 'enough', 'b', 'enough'])
  const { value } = failureOf(result)
  expect(value).toBeInstanceOf(CancelledError)
  expect(value).toMatchObject({ cause: 'enough' })
  forget(members)
})

test.each(each)('%s has a time-out that is one, and an abort that keeps its reason', (_, combine) => {
  const clock = new ManualClock()
  const members = [sleep(clock, 500), sleep(clock, 500)]
  const late = combine(members).addTimeout(100, { clock })
  clock.advance(100)
  expect(failureOf(late).value).toBeInstanceOf(TimeoutError)
  expect(clock.pendingTimers).toBe(0)
  const controller = new AbortController()
  const aborted = combine([sleep(clock, 500), sleep(clock, 500)]).cancelOn(controller.signal)
  controller.abort('enough')
  expect(failureOf(aborted).value).toMatchObject({ name: 'AbortError', cause: 'enough' })
  expect(clock.pendingTimers).toBe(0)
  forget(members)
})

test('what members fire with when they are cancelled counts as ever, a value and an error of their own', () => {
  const giving = (): Deferred<string> => new Deferred<string>((self) => self.callback('partial'))
  const list = gatherResults([giving(), giving()])
  list.cancel()
  expect(outcome(list).value).toEqual(['partial', 'partial'])
  const members = [new Deferred<string>(), giving()]
  const best = firstSuccess(members)
  best.cancel()
  expect(outcome(best).value).toEqual({ index: 1, value: 'partial' })
  const broken = new Deferred<string>(() => {
    throw new Error('cannot stop')
  })
  const failed = gatherResults([members[0], broken])
  failed.cancel()
  expect(failureOf(failed).value).toMatchObject({ name: 'FirstError', index: 0 })
  forget([...members, broken])
})

test('a member that says in its own words that it was cancelled says no more than that', () => {
  const timeIsOver = new Error('time is over')
  for (const error of [new DOMException('aborted', 'AbortError'), timeIsOver]) {
    const member = new Deferred<string>((self) => self.errback(error))
    const result = gatherResults([member])
    result.cancel(timeIsOver)
    expect(failureOf(result).value).toMatchObject({ code: 'ERR_CANCELLED', cause: timeIsOver })
    forget([member])
  }
})

test('a member that somebody else cancels is one that has failed', () => {
  const [a, b, c] = trio()
  const result = gatherResults([a, b, c])
  b.cancel('not by us')
  expect(failureOf(result).value).toMatchObject({ name: 'FirstError', index: 1, cause: { cause: 'not by us' } })
  expect([a.called, c.called]).toEqual([false, false])
  forget([b])
})

test('a member that does not come to its result when it is cancelled is not waited for', () => {
  const member = new Deferred<string>()
  member.pause()
  const list = deferredList([member])
  list.cancel('enough')
  expect(failureOf(list).value).toMatchObject({ name: 'AbortError', cause: 'enough' })
  member.unpause()
  forget([member])
})

test('members may come from any iterable', () => {
  function* some(): Generator<Deferred<number>> {
    yield succeed(1)
    yield succeed(2)
  }
  expect(outcome(gatherResults(some())).value).toEqual([1, 2])
  expect(outcome(gatherResults(new Set(['a']))).value).toEqual(['a'])
})

test('what is no list is an error, a deferred of one too', () => {
  const functions: ((items: []) => unknown)[] = [deferredList, gatherResults, firstCallback, firstSuccess, race, when2, eventStream, (items) => firstN(items, 0)]
  for (const wrong of [undefined, null, 1, {}, succeed(['a'])]) {
    for (const combine of functions) {
      const error = thrownBy(() => combine(wrong as unknown as []))
      expect(error).toBeInstanceOf(TypeError)
      expect(error).toMatchObject({ code: 'ERR_NOT_A_LIST' })
    }
  }
})
