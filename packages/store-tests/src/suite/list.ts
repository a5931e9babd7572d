import { deepStrictEqual as deepEqual, strictEqual as equal, ok } from 'node:assert'
import { JOB_STATES } from '@potoroo/queue'
import type { Part } from '../store-suite.ts'
import { failsWith, type Trial } from '../trial.ts'

/** Jobs in every state, and in every way to be in it. */
async function fill(t: Trial): Promise<void> {
  await t.queue.update({ width: Infinity })
  const numbered = (prefix: string, n: number) => Array.from({ length: n }, (_, i) => prefix + i)
  await t.put(...numbered('finished', 7), ...numbered('failed', 7), ...numbered('held', 5), ...numbered('underway', 7))
  await t.hands.claim(26)
  // Not in the order they came in.
  for (const i of [3, 1, 4, 0, 5, 2, 6]) {
    t.now++
    await t.hands.finish(`finished${i}`)
    await t.hands.fail(`failed${i}`)
  }
  await t.hands.timeOut('held0', t.now)
  await t.hands.timeOut('held1', t.now + 1_000)
  await t.hands.timeOut('held2')
  await t.cancel('held3')
  await t.hands.timeOut('held4', t.now)
  await t.put(...numbered('pending', 9).map((id, i) => ({ id, priority: i % 3 })))
  await t.put(...numbered('delayed', 6).map((id, i) => ({ id, runAt: t.now + 100 + (i % 2) })), ...numbered('cancelled', 5))
  for (const i of [4, 0, 2, 3, 1]) await t.cancel(`cancelled${i}`)
}

export function listing({ test }: Part): void {
  test('lists all in order of arrival', async (t) => {
    await t.put('b', { id: 'a', priority: -1 }, { id: 'c', runAt: t.now + 10 })
    await t.hands.claim()
    await t.hands.finish('a')
    await t.put('d')
    deepEqual(await t.ids(), ['b', 'a', 'c', 'd'])
  })

  test('lists pending jobs as they will start: those in line, then the delayed, then those whose attempt goes on', async (t) => {
    await fill(t)
    deepEqual(await t.ids('pending'), [
      ...['pending0', 'pending3', 'pending6', 'pending1', 'pending4', 'pending7', 'pending2', 'pending5', 'pending8'],
      ...['delayed0', 'delayed2', 'delayed4', 'delayed1', 'delayed3', 'delayed5'],
      ...['held0', 'held1', 'held4'],
    ])
  })

  test('lists jobs underway in order of arrival, and those that are over from the latest', async (t) => {
    await fill(t)
    deepEqual(await t.ids('underway'), [0, 1, 2, 3, 4, 5, 6].map((i) => `underway${i}`))
    deepEqual(await t.ids('finished'), [6, 2, 5, 0, 4, 1, 3].map((i) => `finished${i}`))
    deepEqual(await t.ids('failed'), ['held2', ...[6, 2, 5, 0, 4, 1, 3].map((i) => `failed${i}`)])
    deepEqual(await t.ids('cancelled'), [...[1, 3, 2, 0, 4].map((i) => `cancelled${i}`), 'held3'])
  })

  for (const state of [undefined, ...JOB_STATES]) {
    test(`lists ${state ?? 'all'} jobs in pages of any size, with none left out or repeated`, async (t) => {
      await fill(t)
      const whole = await t.ids(state)
      ok(whole.length > 4)
      for (const limit of [1, 2, 3, whole.length - 1, whole.length, whole.length + 1]) {
        deepEqual(await t.ids(state, limit), whole)
      }
      equal((await t.queue.list({ limit: whole.length, ...(state && { state }) })).next, null)
    })
  }

  test('goes on with a page though the job it left off at has left the list', async (t) => {
    await t.put('a', 'b', 'c', 'd', 'e')
    const { next } = await t.queue.list({ state: 'pending', limit: 2 })
    deepEqual(await t.hands.claim(2), ['a', 'b'])
    const rest = await t.queue.list({ state: 'pending', limit: 2, after: next! })
    deepEqual(rest.jobs.map(({ id }) => id), ['c', 'd'])
    await t.hands.claim(3)
    for (const id of ['a', 'b', 'c']) await t.hands.finish(id)
    const over = await t.queue.list({ state: 'finished', limit: 1 })
    deepEqual(over.jobs.map(({ id }) => id), ['c'])
    await t.hands.finish('d')
    deepEqual((await t.queue.list({ state: 'finished', limit: 9, after: over.next! })).jobs.map(({ id }) => id), ['b', 'a'])
  })

  test('gives an empty list where there is nothing', async (t) => {
    for (const state of [undefined, ...JOB_STATES]) {
      deepEqual(await t.queue.list({ limit: 5, ...(state && { state }) }), { jobs: [], next: null })
    }
  })

  test('refuses a cursor that is none', async (t) => {
    await t.put('a')
    for (const after of ['', 'x', 'bnVsbA', 'WzksMV0', '[0]', '-1', '🦘']) {
      await failsWith('ERR_INVALID_CURSOR', t.queue.list({ limit: 5, after }))
      await failsWith('ERR_INVALID_CURSOR', t.queue.list({ limit: 5, after, state: 'pending' }))
    }
  })
}
