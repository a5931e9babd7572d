import { Deferred, inlineCallbacks, pendingDeferreds, setDebug, succeed } from 'potoroo'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, beforeEach, expect, test } from 'vitest'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

beforeEach(() => void setDebug(true))
afterEach(() => void setDebug(false))

test('setDebug gives back whether it was on', () => {
  expect(setDebug(true)).toBe(true)
  expect(setDebug(false)).toBe(true)
  expect(setDebug(true)).toBe(false)
})

test('pendingDeferreds lists those never fired, oldest first', () => {
  const deferreds = Array.from({ length: 4 }, () => new Deferred<number>())
  const coroutine = inlineCallbacks(function* () {
    yield* deferreds[3] as Deferred<number>
  })()
  deferreds[1]?.callback(1)
  expect(pendingDeferreds()).toEqual([deferreds[0], deferreds[2], deferreds[3], coroutine])
  deferreds[3]?.callback(1)
  expect(pendingDeferreds()).toEqual([deferreds[0], deferreds[2]])
  succeed(1).addCallback(() => deferreds[0])
  expect(pendingDeferreds()).toContain(deferreds[0])
})

test('pendingDeferreds does not keep them alive', async () => {
  void new Deferred()
  for (let i = 0; i < 2; i++) {
    await new Promise((resolve) => setTimeout(resolve))
    collect()
  }
  expect(pendingDeferreds()).toEqual([])
})

test('nothing is listed when debugging is off', () => {
  const before = new Deferred()
  setDebug(false)
  const after = new Deferred()
  expect(pendingDeferreds()).toEqual([])
  expect([before, after].length).toBe(2)
})

test('an error of a cancellation says where it was cancelled', () => {
  const deferred = new Deferred()
  deferred.cancel()
  expect(deferred.explain()).toMatch(/cancelled at .*debug\.test\.ts/)
  deferred.addErrback(() => {})
})
