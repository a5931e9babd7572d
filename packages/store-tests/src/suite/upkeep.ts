import { deepStrictEqual as deepEqual, strictEqual as equal, ok } from 'node:assert'
import type { Part } from '../store-suite.ts'

export function upkeep({ test }: Part): void {
  test('deletes what has been over for longer than is kept, and nothing else', async (t) => {
    await t.put('finished', 'failed', 'cancelled', 'held', 'underway', 'pending')
    await t.hands.claim(5)
    await t.hands.finish('finished')
    await t.hands.fail('failed')
    await t.cancel('cancelled')
    await t.hands.release('cancelled')
    await t.hands.timeOut('held')
    const prune = () => t.queue.prune({ finished: 100, failed: 200 }, t.now)
    t.now += 100
    equal(await prune(), 0)
    t.now += 1
    equal(await prune(), 1)
    equal(await t.queue.job('finished'), undefined)
    t.now += 100
    equal(await prune(), 2)
    deepEqual((await t.ids()).sort(), ['held', 'pending', 'underway'])
    await t.hands.release('held')
    equal(await prune(), 1)
    equal(await prune(), 0)
    deepEqual((await t.queue.status()).counts, { pending: 1, underway: 1, finished: 0, failed: 0, cancelled: 0 })
  })

  test('deletes piece by piece until nothing is left to delete', async (t) => {
    await t.queue.update({ width: Infinity })
    const ids = Array.from({ length: 1_200 }, (_, i) => `j${i}`)
    await t.put(...ids)
    await t.hands.claim(ids.length)
    const outcomes = ids.map((id) => ({ token: t.hands.held(id).token!, job: t.hands.finished(id) }))
    await t.hands.exchange({ outcomes })
    t.now += 10
    let pruned = 0
    for (let rounds = 0; ; rounds++) {
      ok(rounds < 100, 'It never says that it is done')
      const some = await t.queue.prune({ finished: 5, failed: 5 }, t.now)
      if (some === 0) break
      pruned += some
    }
    equal(pruned, 1_200)
  })

  test('lets a key be used again once its job was deleted', async (t) => {
    await t.put({ id: 'a', key: 'k' })
    await t.cancel('a')
    t.now += 10
    equal(await t.queue.prune({ finished: 5, failed: 5 }, t.now), 1)
    equal((await t.put({ id: 'b', key: 'k' }))[0]!.isNew, true)
  })

  test('says what it takes to explain a job', async (t) => {
    await t.put('a', 'b', { id: 'c', priority: -1 }, { id: 'd', runAt: t.now + 10 })
    const facts = async (id: string) => (await t.queue.facts(id, t.now))!
    deepEqual(await facts('b'), {
      job: await t.job('b'),
      status: await t.queue.status(),
      ahead: 2,
      hasWorkers: true,
      rateOpensAt: t.now,
      meanDuration: null,
    })
    deepEqual([(await facts('c')).ahead, (await facts('a')).ahead, (await facts('d')).ahead], [0, 1, 0])
    await t.hands.claim(2)
    deepEqual([(await facts('c')).ahead, (await facts('b')).ahead], [0, 0])
    t.now += 4
    await t.hands.finish('c')
    t.now += 2
    await t.hands.finish('a')
    equal((await facts('b')).meanDuration, 5)
    t.now += 10
    equal((await facts('d')).ahead, 1)
    equal(await t.queue.facts('nobody', t.now), undefined)
  })
}
