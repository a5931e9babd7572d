import { deepStrictEqual as deepEqual, strictEqual as equal } from 'node:assert'
import { POISONED } from '@potoroo/queue'
import type { Part } from '../store-suite.ts'
import { type Hands, LEASE } from '../trial.ts'

export function workers({ test, share }: Part): void {
  test('tells a worker that renews whether it still had its lease', async (t) => {
    equal(await t.hands.renew(), true)
    await t.hands.retire()
    equal(await t.hands.renew(), false)
    equal(await t.hands.renew(), true)
  })

  test('puts back all that a worker held when it retires, where it was in the line', async (t) => {
    await t.put('a', 'b', 'c', { id: 'd', priority: 1 })
    await t.hands.claim(2)
    const other = await t.worker('w10')
    await other.claim(1)
    await t.hands.retire()
    await t.see('a', { state: 'pending', attempt: 0, token: null })
    await t.see('c', { state: 'underway', attempt: 1 })
    deepEqual(await t.ids('pending'), ['a', 'b', 'd'])
    equal((await t.queue.status()).places, 1)
  })

  test('frees the places of a worker that retires while handlers of jobs that are over go on', async (t) => {
    await t.put('a', 'b', 'c')
    await t.hands.claim(3)
    await t.cancel('a')
    await t.hands.timeOut('b')
    await t.hands.timeOut('c', t.now + 10)
    await t.hands.retire()
    await t.see('a', { state: 'cancelled', token: null })
    await t.see('b', { state: 'failed', token: null })
    await t.see('c', { state: 'pending', attempt: 1, token: null })
    equal((await t.queue.status()).places, 0)
    equal(await t.hands.release('a'), false)
  })

  test('lets a worker retire that holds nothing, or is not there', async (t) => {
    await t.hands.retire()
    await t.hands.retire()
    equal(await t.queue.facts('a', t.now), undefined)
  })

  test('knows whether anybody is there to run a job', async (t) => {
    await t.put('a')
    equal((await t.queue.facts('a', t.now))!.hasWorkers, true)
    await t.hands.retire()
    equal((await t.queue.facts('a', t.now))!.hasWorkers, false)
  })

  test('leaves a worker alone that renews its lease, however long its jobs take', async (t) => {
    await t.put('a')
    const other = await t.worker('w2')
    await other.claim()
    for (let look = 0; look < 10; look++) {
      t.now += LEASE / 3
      equal(await other.renew(), true)
      equal(await t.hands.recover(LEASE / 3), 0)
    }
    equal(await other.finish('a'), true)
  })

  // A store that only this process has holds no workers but its own.
  if (share === undefined) return

  /** All others are silent for the length of a lease, in the looks of one who is not. How many jobs that takes back. */
  const silent = async (hands: Hands): Promise<number> => {
    let taken = 0
    for (let look = 0; look < 4; look++) {
      await hands.renew()
      taken += await hands.recover(LEASE / 3)
    }
    return taken
  }

  test('takes back the jobs of a worker that is silent for the length of its lease, and counts the attempt', async (t) => {
    await t.put('a', 'b')
    const other = await t.worker('w2')
    await other.claim(1)
    for (let look = 0; look < 3; look++) equal(await t.hands.recover(LEASE / 3), 0)
    await t.see('a', { state: 'underway' })
    equal(await t.hands.recover(LEASE / 3), 1)
    await t.see('a', { state: 'pending', attempt: 1, token: null })
    deepEqual(await t.ids('pending'), ['a', 'b'])
    equal((await t.queue.status()).places, 0)
    equal(await other.finish('a'), false)
    equal(await other.renew(), false)
  })

  test('does not add up the looks of several, who see the same silence', async (t) => {
    await t.put('a')
    const silentOne = await t.worker('w2')
    await silentOne.claim()
    const third = await t.worker('w3')
    for (let look = 0; look < 3; look++) {
      for (const looker of [t.hands, third]) {
        await looker.renew()
        equal(await looker.recover(LEASE / 3), 0)
      }
    }
    await t.hands.renew()
    await third.renew()
    equal(await t.hands.recover(LEASE / 3), 1)
  })

  test('counts silence in looks, so that a clock set forward costs nobody a lease', async (t) => {
    await t.put('a')
    const other = await t.worker('w2')
    await other.claim()
    await t.hands.recover(LEASE / 3)
    t.now += 24 * 60 * 60 * 1000
    equal(await t.hands.recover(LEASE / 3), 0)
    equal(await other.renew(), true)
  })

  test('takes what a lost worker claimed for started as late as it is known to be lost, however long the look had to wait', async (t) => {
    await t.queue.update({ width: Infinity, rate: { limit: 2, per: 100 } })
    await t.put('a', 'b')
    const other = await t.worker('w2')
    equal((await other.exchange({ places: 2, quiet: true })).claimed.length, 2)
    await t.hands.recover()
    await t.hands.renew()
    const look = t.hands.recover(LEASE)
    t.now += 90
    equal(await look, 2)
    t.now += 99
    equal((await t.hands.claim(100)).length, 0)
    t.now += 1
    equal((await t.hands.claim(100)).length, 2)
  })

  test('goes by the lease of the worker that is silent, not of the one that looks', async (t) => {
    await t.put('a')
    const other = await t.worker('w2', { lease: 5_000 })
    await other.claim()
    equal(await t.hands.recover(LEASE / 3), 0)
    equal(await t.hands.recover(LEASE / 3), 1)
  })

  test('counts the silence of a worker anew that has retired and come back', async (t) => {
    const other = await t.worker('w2')
    for (let look = 0; look < 3; look++) equal(await t.hands.recover(LEASE / 3), 0)
    await other.retire()
    await other.renew()
    await t.hands.renew()
    await t.put('a')
    deepEqual(await other.claim(), ['a'])
    for (let look = 0; look < 2; look++) equal(await t.hands.recover(LEASE / 3), 0)
    equal(await other.finish('a'), true)
  })

  test('takes back nothing of a worker of another queue', async (t) => {
    const queue = await t.open(t.store, 'other')
    await t.worker('w2', { queue })
    equal(await silent(t.hands), 0)
    equal(await queue.renew({ id: 'w2', lease: LEASE }, t.now), true)
  })

  test('gives a lost job to others, and refuses the result of the one who lost it', async (t) => {
    await t.put('a')
    const other = await t.worker('w2')
    await other.claim()
    await silent(t.hands)
    deepEqual(await t.hands.claim(), ['a'])
    equal(await other.finish('a', '"late"'), false)
    await t.see('a', { state: 'underway', attempt: 2, result: null })
    equal(await t.hands.finish('a', '"mine"'), true)
  })

  test('gives up the places of a dead worker whose jobs were cancelled or timed out', async (t) => {
    await t.put('a', 'b')
    const other = await t.worker('w2')
    await other.claim(2)
    await t.cancel('a')
    await other.timeOut('b', t.now)
    equal(await silent(t.hands), 2)
    await t.see('a', { state: 'cancelled', token: null })
    await t.see('b', { state: 'pending', attempt: 1, token: null })
  })

  test('fails a job as poisoned whose process died during its last attempt', async (t) => {
    await t.put({ id: 'a', maxAttempts: 2 })
    for (const name of ['w2', 'w3']) {
      const other = await t.worker(name)
      await other.claim()
      t.now += 5
      equal(await silent(t.hands), 1)
    }
    await t.see('a', { state: 'failed', attempt: 2, error: POISONED, stopTime: t.now, token: null })
    deepEqual(await t.hands.claim(), [])
  })

  test('gives a worker that lost its lease nothing until it has it again', async (t) => {
    const other = await t.worker('w2')
    await silent(t.hands)
    await t.put('a')
    deepEqual(await other.claim(), [])
    equal(await other.renew(), false)
    deepEqual(await other.claim(), ['a'])
  })
}
