import { deepStrictEqual as deepEqual, strictEqual as equal } from 'node:assert'
import type { Part } from '../store-suite.ts'
import { failsWith, newJob } from '../trial.ts'

export function ordering({ test }: Part): void {
  test('does operations in the order they were asked for, each seeing those before', async (t) => {
    const options = { size: 2, now: t.now }
    const put = t.queue.put([newJob('a', t.now)], options)
    const before = t.queue.job('b')
    const second = t.queue.put([newJob('b', t.now)], options)
    const after = t.queue.job('b')
    const third = t.queue.put([newJob('c', t.now)], options)
    const cancelled = t.queue.change('a', { type: 'cancel', error: null }, t.now)
    const fourth = t.queue.put([newJob('d', t.now)], options)
    const claimed = t.queue.exchange(() => t.hands.make({ places: 5 }))
    const status = t.queue.status()
    await put
    equal(await before, undefined)
    await second
    equal((await after)?.id, 'b')
    await failsWith('ERR_QUEUE_OVERFLOW', third)
    equal((await cancelled).state, 'cancelled')
    await fourth
    deepEqual((await claimed).claimed.map(({ id }) => id), ['b', 'd'])
    deepEqual((await status).counts, { pending: 0, underway: 2, finished: 0, failed: 0, cancelled: 1 })
  })

  test('makes an exchange when its turn comes, not when it is asked for', async (t) => {
    let made = 0
    const exchanged = t.queue.exchange(() => {
      made++
      return t.hands.make({ places: 1 })
    })
    equal(made, 0)
    await exchanged
    equal(made, 1)
  })

  test('does the others of a batch when one cannot be done', async (t) => {
    const a = t.put('a')
    const missing = t.cancel('nobody')
    const b = t.put('b')
    await failsWith('ERR_JOB_NOT_FOUND', missing)
    await a
    await b
    deepEqual(await t.ids(), ['a', 'b'])
  })

  test('does an operation whose deferred is cancelled all the same, and tells nobody its result', async (t) => {
    const put = t.queue.put([newJob('a', t.now)], { size: 9, now: t.now })
    put.cancel()
    await failsWith('ERR_CANCELLED', put)
    const refused = t.cancel('nobody')
    const withdrawn = t.queue.change('nobody', { type: 'retry' }, t.now)
    withdrawn.cancel()
    await failsWith('ERR_CANCELLED', withdrawn)
    await failsWith('ERR_JOB_NOT_FOUND', refused)
    await t.see('a', { state: 'pending' })
  })

  test('finishes what was asked for before it closes', async (t) => {
    const queue = await t.store.open('q', {}, () => {})
    const put = queue.put([newJob('a', t.now)], { size: 9, now: t.now })
    await queue.close()
    equal((await put)[0]!.isNew, true)
    await t.see('a', { state: 'pending' })
  })

  test('refuses what is asked for after it was closed', async (t) => {
    const queue = await t.store.open('q', {}, () => {})
    await queue.close()
    await failsWith('ERR_STORE_CLOSED', queue.put([newJob('a', t.now)], { size: 9, now: t.now }))
    await failsWith('ERR_STORE_CLOSED', queue.exchange(() => t.hands.make({})))
    await queue.close()
    equal(await t.queue.job('a'), undefined)
  })

  test('keeps the jobs of two queues that are worked on in one moment apart', async (t) => {
    const other = await t.open(t.store, 'other')
    const puts = [t.put('a'), other.put([newJob('b', t.now)], { size: 9, now: t.now }), t.put('c')]
    for (const put of puts) await put
    deepEqual(await t.ids(), ['a', 'c'])
    deepEqual((await other.list({ limit: 9 })).jobs.map(({ id }) => id), ['b'])
  })
}
