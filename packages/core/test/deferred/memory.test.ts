import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Deferred, inlineCallbacks, sleep, succeed } from 'potoroo'
import { expect, test } from 'vitest'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Whether what `make` gives as the first of two is collected while the second is held. */
async function isLetGoOf(make: () => readonly [lost: object, held: unknown]): Promise<boolean> {
  let held: unknown
  const reference = (() => {
    const [lost, rest] = make()
    held = rest
    return new WeakRef(lost)
  })()
  for (let i = 0; i < 3 && reference.deref() !== undefined; i++) {
    await new Promise((resolve) => setTimeout(resolve))
    collect()
  }
  return held !== undefined && reference.deref() === undefined
}

test('a canceller is let go of when its deferred fires, by hand or by one that it is chained to', async () => {
  const canceller = (): (() => void) => {
    const large = new Array(10).fill(0)
    return () => void large.pop()
  }
  expect(
    await isLetGoOf(() => {
      const stop = canceller()
      const deferred = new Deferred<number>(stop)
      deferred.callback(1)
      return [stop, deferred]
    }),
  ).toBe(true)
  expect(
    await isLetGoOf(() => {
      const stop = canceller()
      const deferred = new Deferred<number>(stop)
      succeed(1).chainDeferred(deferred)
      return [stop, deferred]
    }),
  ).toBe(true)
})

test('callbacks are let go of when they have run', async () => {
  for (const count of [1, 3, 4, 10]) {
    const released = await isLetGoOf(() => {
      const callback = (n: number): number => n + 1
      const deferred = new Deferred<number>()
      let chain: Deferred<number> = deferred
      for (let i = 0; i < count; i++) chain = chain.addCallback(i === 0 ? callback : (n) => n)
      deferred.callback(1)
      return [callback, deferred]
    })
    expect(released).toBe(true)
  }
})

test('progress listeners are let go of when the deferred fires, by hand, chained, or as a coroutine', async () => {
  const makes: ((first: Deferred<number>) => Deferred<number>)[] = [
    (first) => first,
    (first) => {
      const second = new Deferred<number>()
      first.chainDeferred(second)
      return second
    },
    inlineCallbacks(function* (first: Deferred<number>) {
      return yield* first
    }),
  ]
  for (const make of makes) {
    const released = await isLetGoOf(() => {
      const listener = (): void => {}
      const first = new Deferred<number>()
      const deferred = make(first).addProgress(listener)
      first.callback(1)
      expect(deferred.peek()).toEqual({ status: 'fulfilled', value: 1 })
      return [listener, deferred]
    })
    expect(released).toBe(true)
  }
})

test('an inner deferred is let go of when it has given its result, and so is that result', async () => {
  expect(
    await isLetGoOf(() => {
      const inner = new Deferred<number>()
      const outer = succeed().addCallback(() => inner)
      inner.callback(1)
      return [inner, outer]
    }),
  ).toBe(true)
  expect(
    await isLetGoOf(() => {
      const result = { large: true }
      const inner = new Deferred<object>()
      succeed().addCallback(() => inner).addCallback(() => 1)
      inner.callback(result)
      return [result, inner]
    }),
  ).toBe(true)
})

test('a deferred that waits for a timer that was taken down is let go of', async () => {
  expect(
    await isLetGoOf(() => {
      const deferred = sleep(1_000_000)
      deferred.addErrback(() => {})
      deferred.cancel()
      return [deferred, 'nothing']
    }),
  ).toBe(true)
})
