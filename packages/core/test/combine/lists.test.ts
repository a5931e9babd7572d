import {
  CancelledError,
  Deferred,
  deferredList,
  fail,
  FirstError,
  firstCallback,
  firstN,
  firstSuccess,
  FailureGroup,
  gatherResults,
  isCancelled,
  race,
  succeed,
  when2,
} from 'potoroo'
import { expect, test } from 'vitest'
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

test('the others do not cancel anybody', () => {
  for (const combine of [firstCallback, firstSuccess, (items: Trio) => firstN(items, 1), (items: Trio) => when2(items, { resolveOnFirstSuccess: true })]) {
    const [a, b, c] = trio()
    outcome<unknown>(combine([a, b, c]))
    b.callback('b')
    expect([a.called, c.called]).toEqual([false, false])
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

const all = {
  deferredList: (items: Iterable<unknown>) => deferredList(items),
  gatherResults: (items: Iterable<unknown>) => gatherResults(items),
  firstCallback: (items: Iterable<unknown>) => firstCallback(items),
  firstSuccess: (items: Iterable<unknown>) => firstSuccess(items),
  firstN: (items: Iterable<unknown>) => firstN(items, 1),
  race: (items: Iterable<unknown>) => race(items),
  when2: (items: Iterable<unknown>) => when2(items),
}
test.each(Object.entries(all))('cancelling %s cancels its members that have not fired, with the reason', (_, combine) => {
  const reasons: unknown[] = []
  const members = ['a', 'b'].map((name) => new Deferred<string>((_, reason) => reasons.push(name, reason)))
  const seen = outcome<unknown>((() => {
    const result = combine(members)
    result.cancel('enough')
    return result
  })() as Deferred<unknown>)
  expect(reasons).toEqual(['a', 'enough', 'b', 'enough'])
  expect(seen.settled).toBe(true)
  forget(members)
})

test('a cancelled list is decided by its members’ firing if they do; else it fails with CancelledError', () => {
  const partial = gatherResults([new Deferred<string>((self) => self.callback('partial'))])
  partial.cancel()
  expect(outcome(partial).value).toEqual(['partial'])
  // A paused member does not come to its result.
  const member = new Deferred<string>()
  member.pause()
  const list = deferredList([member])
  list.cancel('enough')
  const { value } = failureOf(list)
  expect(value).toMatchObject({ name: 'AbortError', cause: 'enough' })
  member.unpause()
  forget([member])
})

test('a race that is cancelled has not been lost: it fails with CancelledError, so that a time-out is one', () => {
  for (const combine of [firstSuccess, race]) {
    const members = trio()
    const result = combine(members)
    result.cancel()
    expect(isCancelled(failureOf(result).value)).toBe(true)
    forget(members)
  }
})

test('members may come from any iterable', () => {
  function* some(): Generator<Deferred<number>> {
    yield succeed(1)
    yield succeed(2)
  }
  expect(outcome(gatherResults(some())).value).toEqual([1, 2])
  expect(outcome(gatherResults(new Set(['a']))).value).toEqual(['a'])
})
