import { deepStrictEqual as deepEqual, strictEqual as equal } from 'node:assert'
import { DEFAULT_WIDTH } from '@potoroo/queue'
import type { Part } from '../store-suite.ts'

export function settings({ test, share }: Part): void {
  test('begins with the default width, no rate, neither paused nor held', async (t) => {
    const settings = { width: DEFAULT_WIDTH, rate: null, paused: false, heldUntil: 0, move: null }
    deepEqual(t.queue.settings, settings)
    const counts = { pending: 0, underway: 0, finished: 0, failed: 0, cancelled: 0 }
    deepEqual(await t.queue.status(), { ...settings, counts, places: 0, nextDue: null })
  })

  test('changes what it is told to, and leaves the rest', async (t) => {
    const rate = { limit: 3, per: 1234.5 }
    equal((await t.queue.update({ width: 7 })).width, 7)
    deepEqual((await t.queue.update({ rate })).rate, rate)
    equal((await t.queue.update({ paused: true })).paused, true)
    deepEqual(t.queue.settings, { width: 7, rate, paused: true, heldUntil: 0, move: null })
    await t.queue.update({})
    deepEqual(t.queue.settings, { width: 7, rate, paused: true, heldUntil: 0, move: null })
    await t.queue.update({ width: Infinity, rate: null, paused: false })
    deepEqual(t.queue.settings, { width: Infinity, rate: null, paused: false, heldUntil: 0, move: null })
  })

  test('has the settings of a queue in force wherever it is open', async (t) => {
    const again = await t.open()
    await t.queue.update({ width: 3 })
    equal(again.settings.width, 3)
    equal((await again.status()).width, 3)
  })

  test('takes what is declared only when that is not what was declared last', async (t) => {
    const rate = { limit: 1, per: 10 }
    const other = await t.open(t.store, 'other', { width: 5, rate })
    deepEqual([other.settings.width, other.settings.rate], [5, rate])
    await other.update({ width: 9, rate: null })
    await t.open(t.store, 'other', { width: 5, rate })
    deepEqual([other.settings.width, other.settings.rate], [9, null])
    await t.open(t.store, 'other')
    deepEqual([other.settings.width, other.settings.rate], [9, null])
    await t.open(t.store, 'other', { width: 6 })
    deepEqual([other.settings.width, other.settings.rate], [6, null])
    await t.open(t.store, 'other', { rate: { limit: 2, per: 10 } })
    deepEqual([other.settings.width, other.settings.rate], [6, { limit: 2, per: 10 }])
    await t.open(t.store, 'other', { width: Infinity, rate: null })
    deepEqual([other.settings.width, other.settings.rate], [Infinity, null])
    await other.update({ rate })
    await t.open(t.store, 'other', { width: Infinity, rate: null })
    deepEqual([other.settings.width, other.settings.rate], [Infinity, rate])
  })

  test('keeps jobs and settings while nobody has the queue open', async (t) => {
    const rate = { limit: 1, per: 10 }
    const other = await t.store.open('other', { width: 5 }, () => {})
    await other.put([], { size: 0, now: t.now })
    await other.update({ rate, paused: true })
    await other.close()
    const again = await t.open(t.store, 'other', { width: 5 })
    deepEqual(again.settings, { width: 5, rate, paused: true, heldUntil: 0, move: null })
  })

  if (share === undefined) return

  test('has settings, jobs, and what was declared in force in another process', async (t) => {
    await t.put('a')
    await t.queue.update({ width: 3, paused: true })
    const other = await t.open(await share(t.store), 'q', { width: 4 })
    deepEqual([other.settings.width, other.settings.paused], [4, true])
    equal((await other.job('a'))!.id, 'a')
    await other.update({ width: 2 })
    equal((await t.queue.status()).width, 2)
    equal(t.queue.settings.width, 2)
  })
}
