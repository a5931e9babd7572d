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

test('it is recorded where deferreds are made, fired and cancelled', () => {
  const deferred = new Deferred(function stopAndFire(self) {
    self.callback()
  })
  deferred.cancel()
  const text = deferred.explain()
  for (const what of ['made', 'fired', 'cancelled']) expect(text).toMatch(new RegExp(`^ {2}${what} at .*debug\\.test\\.ts`, 'm'))
  expect(text).toMatch(/fired at .*stopAndFire/)
})

test('what was made while debugging was off is not recorded', () => {
  setDebug(false)
  const deferred = new Deferred()
  setDebug(true)
  deferred.callback()
  expect(deferred.explain()).toBe('Deferred, fulfilled with undefined')
})
