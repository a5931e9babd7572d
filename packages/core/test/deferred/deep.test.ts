import { Deferred, inlineCallbacks, succeed } from 'potoroo'
import { expect, test } from 'vitest'
import { failureOf, outcome } from './outcome.ts'

// 100,000 levels are in the tests of each feature. Here are so many that whatever is quadratic takes minutes, not moments:
// that is how it is told from what is linear, without a look at the time.
const COUNT = 500_000

test('deferreds that wait for each other fire in linear time', () => {
  const innermost = new Deferred<number>()
  let deferred: Deferred<number> = innermost
  for (let i = 0; i < COUNT; i++) {
    const inner = deferred
    deferred = succeed().addCallback(() => inner)
  }
  innermost.callback(1)
  expect(outcome(deferred).value).toBe(1)
})

test('deferreds that wait for each other are cancelled in linear time', () => {
  const innermost = new Deferred<number>()
  let deferred: Deferred<number> = innermost
  for (let i = 0; i < COUNT; i++) {
    const inner = deferred
    deferred = succeed().addCallback(() => inner)
  }
  deferred.cancel('enough')
  expect(failureOf(deferred).value).toMatchObject({ cause: 'enough' })
})

test('deferreds that are chained one to the next fire, and are cancelled, in linear time', () => {
  for (const end of ['callback', 'cancel'] as const) {
    const first = new Deferred<number>()
    let last = first
    for (let i = 0; i < COUNT; i++) {
      const next = new Deferred<number>()
      // Whoever takes the failure of each keeps it from being reported.
      last.chainDeferred(next).addErrback(() => 0)
      last = next
    }
    first[end](1)
    expect(last.peek().status).toBe(end === 'callback' ? 'fulfilled' : 'rejected')
    last.addErrback(() => 0)
  }
})

test('a deferred with many callbacks, added before and after it fires, takes linear time', () => {
  const deferred = new Deferred<number>()
  let chain: Deferred<number> = deferred
  for (let i = 0; i < COUNT; i++) chain = chain.addCallback((n) => n + 1)
  deferred.callback(0)
  for (let i = 0; i < COUNT; i++) chain = chain.addCallback((n) => n + 1)
  expect(deferred.peek()).toEqual({ status: 'fulfilled', value: 2 * COUNT })
})

test('coroutines that wait for each other take linear time', () => {
  const innermost = new Deferred<number>()
  const plusOne = inlineCallbacks(function* (inner: Deferred<number>) {
    return (yield* inner) + 1
  })
  let deferred: Deferred<number> = innermost
  for (let i = 0; i < COUNT / 5; i++) deferred = plusOne(deferred)
  innermost.callback(0)
  expect(outcome(deferred).value).toBe(COUNT / 5)
})
