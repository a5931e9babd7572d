import { deepStrictEqual as deepEqual, strictEqual as equal } from 'node:assert'
import type { Part } from '../store-suite.ts'
import { newJob } from '../trial.ts'

export function claiming({ test }: Part): void {
  test('gives jobs in order of priority, and first come first served among equals', async (t) => {
    await t.put('a', { id: 'b', priority: 1 }, { id: 'c', priority: -1 }, 'd', { id: 'e', priority: -0.5 })
    await t.put({ id: 'f', priority: -1 })
    deepEqual(await t.ids('pending'), ['c', 'f', 'e', 'a', 'd', 'b'])
    deepEqual(await t.hands.claim(2), ['c', 'f'])
    deepEqual(await t.hands.claim(10), ['e', 'a', 'd', 'b'])
    deepEqual(await t.hands.claim(10), [])
  })

  test('makes a claimed job underway, with the token of the exchange', async (t) => {
    const [put] = await t.put('a')
    t.now += 5
    const { claimed } = await t.hands.exchange({ places: 1, token: 'w1.77' })
    deepEqual(claimed, [{ ...put!.job, state: 'underway', attempt: 1, startTime: t.now, token: 'w1.77' }])
    deepEqual(await t.job('a'), claimed[0])
  })

  test('never claims more than there are places for', async (t) => {
    await t.put('a', 'b', 'c')
    deepEqual(await t.hands.claim(0), [])
    deepEqual(await t.hands.claim(2), ['a', 'b'])
  })

  test('never lets more be underway than the width, over all workers', async (t) => {
    await t.put('a', 'b', 'c', 'd', 'e')
    await t.queue.update({ width: 3 })
    const others = await t.worker('w2')
    deepEqual(await t.hands.claim(2), ['a', 'b'])
    deepEqual(await others.claim(10), ['c'])
    deepEqual(await t.hands.claim(10), [])
    await t.hands.finish('a')
    deepEqual(await others.claim(10), ['d'])
    await t.queue.update({ width: 1 })
    await others.finish('c')
    await t.hands.finish('b')
    deepEqual(await t.hands.claim(10), [])
    await others.finish('d')
    deepEqual(await t.hands.claim(10), ['e'])
  })

  test('claims nothing at width 0, and everything at width Infinity', async (t) => {
    await t.put('a', 'b', 'c')
    await t.queue.update({ width: 0 })
    deepEqual(await t.hands.claim(10), [])
    await t.queue.update({ width: Infinity })
    deepEqual(await t.hands.claim(10), ['a', 'b', 'c'])
  })

  test('gives the places of what has ended to others in the same exchange', async (t) => {
    await t.queue.update({ width: 1 })
    await t.put('a', 'b')
    await t.hands.claim()
    const outcomes = [{ token: t.hands.held('a').token!, job: t.hands.finished('a') }]
    const { accepted, claimed } = await t.hands.exchange({ outcomes, places: 1 })
    deepEqual([accepted, claimed.map(({ id }) => id)], [[true], ['b']])
  })

  test('claims nothing while paused, and then goes on', async (t) => {
    await t.put('a', { id: 'b', runAt: t.now + 10 })
    await t.queue.update({ paused: true })
    const { claimed } = await t.hands.exchange({ places: 10 })
    deepEqual(claimed, [])
    t.now += 20
    deepEqual(await t.hands.claim(10), [])
    await t.queue.update({ paused: false })
    deepEqual(await t.hands.claim(10), ['a', 'b'])
  })

  test('claims nothing while held back, says until when, and goes on then', async (t) => {
    await t.put('a')
    const until = t.now + 100
    const { claimed, wakeAt } = await t.hands.exchange({ places: 1, holdUntil: until })
    deepEqual([claimed, wakeAt], [[], until])
    equal((await t.queue.status()).heldUntil, until)
    t.now = until - 1
    deepEqual(await t.hands.claim(), [])
    t.now = until
    deepEqual(await t.hands.claim(), ['a'])
  })

  test('holds back no less than it was asked to first', async (t) => {
    await t.put('a')
    await t.hands.exchange({ holdUntil: t.now + 100 })
    await t.hands.exchange({ holdUntil: t.now + 50 })
    await t.hands.exchange({ holdUntil: 0 })
    t.now += 99
    deepEqual(await t.hands.claim(), [])
  })

  test('lets a delayed job join the line at its time', async (t) => {
    await t.put({ id: 'late', runAt: t.now + 10 }, 'early')
    const first = await t.hands.exchange({ places: 1 })
    deepEqual(first.claimed.map(({ id }) => id), ['early'])
    const second = await t.hands.exchange({ places: 1 })
    deepEqual([second.claimed, second.wakeAt], [[], t.now + 10])
    equal((await t.queue.status()).nextDue, t.now + 10)
    t.now += 9
    deepEqual(await t.hands.claim(), [])
    t.now += 1
    deepEqual(await t.hands.claim(), ['late'])
    equal((await t.queue.status()).nextDue, null)
  })

  test('lets delayed jobs join in order of their times, behind what was there and before what came later', async (t) => {
    await t.put({ id: 'c', runAt: t.now + 10 }, { id: 'b', runAt: t.now + 5 }, { id: 'd', runAt: t.now + 10 }, 'a')
    t.now += 12
    await t.put('e')
    deepEqual(await t.hands.claim(10), ['a', 'b', 'c', 'd', 'e'])
  })

  test('lets priorities of delayed jobs count when they have joined', async (t) => {
    await t.put('a', { id: 'b', runAt: t.now + 5, priority: -1 })
    t.now += 5
    deepEqual(await t.hands.claim(10), ['b', 'a'])
  })

  test('says when the next job is due, also when it has room for none', async (t) => {
    await t.put({ id: 'a', runAt: t.now + 20 }, { id: 'b', runAt: t.now + 10 })
    equal((await t.hands.exchange({ places: 10 })).wakeAt, t.now + 10)
    equal((await t.queue.status()).nextDue, t.now + 10)
    await t.cancel('b')
    equal((await t.hands.exchange({ places: 10 })).wakeAt, t.now + 20)
    await t.cancel('a')
    equal((await t.hands.exchange({ places: 10 })).wakeAt, null)
  })

  test('gives a worker without a lease nothing: nobody would take it back', async (t) => {
    await t.put('a')
    await t.hands.retire()
    deepEqual(await t.hands.claim(), [])
    await t.hands.renew()
    deepEqual(await t.hands.claim(), ['a'])
  })

  test('keeps queues apart', async (t) => {
    const other = await t.open(t.store, 'other', { width: 1 })
    const hands = await t.worker('w2', { queue: other })
    await t.put('a')
    await other.put([newJob('b', t.now), newJob('c', t.now)], { size: Infinity, now: t.now })
    deepEqual(await hands.claim(10), ['b'])
    deepEqual(await t.hands.claim(10), ['a'])
    equal((await other.status()).places, 1)
  })
}
