import { deepStrictEqual as deepEqual, strictEqual as equal } from 'node:assert'
import type { Part } from '../store-suite.ts'

const HOUR = 60 * 60 * 1_000

export function clocks({ test }: Part): void {
  test('back does not make a hold longer', async (t) => {
    await t.put('a')
    await t.hands.exchange({ holdUntil: t.now + 2_000 })
    t.now += 1_000
    deepEqual(await t.hands.claim(), [])
    t.now -= HOUR
    deepEqual(await t.hands.claim(), [])
    t.now += 999
    deepEqual(await t.hands.claim(), [])
    t.now += 1
    deepEqual(await t.hands.claim(), ['a'])
  })

  test('back does not bring back a hold that was over', async (t) => {
    await t.hands.exchange({ holdUntil: t.now + 2_000 })
    t.now += 3_000
    deepEqual(await t.hands.claim(), [])
    await t.put('a')
    t.now -= HOUR
    deepEqual(await t.hands.claim(), ['a'])
  })

  test('back while an outcome was on its way does not make that wait longer', async (t) => {
    await t.put('a')
    await t.hands.claim()
    const hour = t.now
    t.now -= HOUR
    // Both times were taken from the clock before it was set.
    equal(await t.hands.fail('a', hour + 2_000), true)
    await t.hands.exchange({ holdUntil: t.now + 1_000 })
    t.now += 1_999
    deepEqual(await t.hands.claim(), [])
    t.now += 1
    deepEqual(await t.hands.claim(), ['a'])
  })

  test('back does not make a failed attempt wait longer to be repeated', async (t) => {
    await t.put('a')
    await t.hands.claim()
    await t.hands.fail('a', t.now + 2_000)
    t.now += 1_000
    deepEqual(await t.hands.claim(), [])
    t.now -= HOUR
    deepEqual(await t.hands.claim(), [])
    t.now += 999
    deepEqual(await t.hands.claim(), [])
    t.now += 1
    deepEqual(await t.hands.claim(), ['a'])
  })

  test('back makes nothing start that was put for a later time of day', async (t) => {
    await t.put({ id: 'a', runAt: t.now + 2_000 })
    deepEqual(await t.hands.claim(), [])
    t.now -= HOUR
    deepEqual(await t.hands.claim(), [])
    t.now += HOUR + 1_999
    deepEqual(await t.hands.claim(), [])
    t.now += 1
    deepEqual(await t.hands.claim(), ['a'])
  })

  test('back makes nothing start early that waits for longer than that', async (t) => {
    await t.put('a')
    await t.hands.claim()
    await t.hands.fail('a', t.now + 10_000)
    deepEqual(await t.hands.claim(), [])
    for (let back = 0; back < 3; back++) {
      t.now -= 3_000
      deepEqual(await t.hands.claim(), [])
      t.now += 3_000
      deepEqual(await t.hands.claim(), [])
    }
    t.now += 9_999
    deepEqual(await t.hands.claim(), [])
    t.now += 1
    deepEqual(await t.hands.claim(), ['a'])
  })

  test('forward makes due what it has gone past', async (t) => {
    await t.put({ id: 'a', runAt: t.now + HOUR })
    deepEqual(await t.hands.claim(), [])
    t.now += HOUR
    deepEqual(await t.hands.claim(), ['a'])
  })
}
