import { deepStrictEqual as deepEqual, strictEqual as equal, ok } from 'node:assert'
import type { Part } from '../store-suite.ts'
import type { Trial } from '../trial.ts'

export function rates({ test }: Part): void {
  const many = (t: Trial, n: number, prefix = 'j') => t.put(...Array.from({ length: n }, (_, i) => prefix + i))
  const claims = async (t: Trial): Promise<number> => (await t.hands.claim(100)).length

  test('lets no more start in any window than its limit, and not one later than it must', async (t) => {
    await t.queue.update({ width: Infinity, rate: { limit: 3, per: 100 } })
    await many(t, 5)
    const begin = t.now
    equal(await claims(t), 3)
    t.now = begin + 99
    equal(await claims(t), 0)
    t.now = begin + 100
    equal(await claims(t), 2)
  })

  test('counts each start by its own time', async (t) => {
    await t.queue.update({ width: Infinity, rate: { limit: 3, per: 100 } })
    const begin = t.now
    await many(t, 2, 'a')
    equal(await claims(t), 2)
    t.now = begin + 60
    await many(t, 9, 'b')
    equal(await claims(t), 1)
    t.now = begin + 101
    equal(await claims(t), 2)
    t.now = begin + 159
    equal(await claims(t), 0)
    t.now = begin + 161
    equal(await claims(t), 1)
  })

  test('says when to ask again, so that whoever does starts as early as may be', async (t) => {
    const rate = { limit: 4, per: 100 }
    await t.queue.update({ width: Infinity, rate })
    await many(t, 13)
    const starts: number[] = []
    let earliest = t.now
    for (let asked = 0; starts.length < 13; asked++) {
      ok(asked < 20, 'It is asked far too often')
      const { claimed, wakeAt } = await t.hands.exchange({ places: 100 })
      starts.push(...claimed.map(() => t.now))
      if (claimed.length > 0) {
        ok(t.now >= earliest && t.now <= earliest + 1, `${t.now - earliest} ms after it might have started`)
        earliest = t.now + rate.per
      }
      if (starts.length === 13) break
      ok(wakeAt !== null && wakeAt > t.now, 'There is more to start, and nobody says when')
      t.now = wakeAt
    }
    deepEqual([...new Set(starts)].map((at) => starts.filter((start) => start === at).length), [4, 4, 4, 1])
  })

  test('counts what was claimed as starting now, until it is said when that was', async (t) => {
    await t.queue.update({ width: Infinity, rate: { limit: 2, per: 100 } })
    await many(t, 4)
    const begin = t.now
    const { claimed, rated } = await t.hands.exchange({ places: 2, quiet: true })
    equal(claimed.length, 2)
    // A store may as well be sure that claims start at once.
    if (!rated) return
    t.now = begin + 500
    equal(await claims(t), 0)
    await t.hands.started(claimed[0]!.token!, begin + 450)
    equal(await claims(t), 0)
    t.now = begin + 549
    equal(await claims(t), 0)
    t.now = begin + 551
    equal(await claims(t), 2)
  })

  test('counts what a worker claimed that died as starting no later than its end', async (t) => {
    await t.queue.update({ width: Infinity, rate: { limit: 2, per: 100 } })
    await many(t, 2)
    const other = await t.worker('w2')
    equal((await other.exchange({ places: 2, quiet: true })).claimed.length, 2)
    t.now += 50
    await other.retire()
    t.now += 49
    equal(await claims(t), 0)
    t.now += 52
    equal(await claims(t), 2)
  })

  test('counts starts that have ended, were put back, or whose jobs were cancelled', async (t) => {
    await t.queue.update({ width: Infinity, rate: { limit: 3, per: 100 } })
    await many(t, 6)
    equal(await claims(t), 3)
    await t.hands.finish('j0')
    await t.hands.putBack('j1')
    await t.cancel('j2')
    t.now += 99
    equal(await claims(t), 0)
    t.now += 2
    equal(await claims(t), 3)
  })

  test('does not count against a rate what it has no room for, or what is not there', async (t) => {
    await t.queue.update({ width: 1, rate: { limit: 2, per: 100 } })
    await many(t, 2)
    equal(await claims(t), 1)
    equal(await claims(t), 0)
    await t.hands.finish('j0')
    equal(await claims(t), 1)
  })

  test('takes on a new rate at once, and what has started counts under it', async (t) => {
    await t.queue.update({ width: Infinity, rate: { limit: 5, per: 1000 } })
    await many(t, 20)
    equal(await claims(t), 5)
    t.now += 10
    await t.queue.update({ rate: { limit: 7, per: 1000 } })
    equal(await claims(t), 2)
    await t.queue.update({ rate: { limit: 2, per: 1000 } })
    t.now += 991
    equal(await claims(t), 0)
    t.now += 10
    equal(await claims(t), 2)
    await t.queue.update({ rate: null })
    equal(await claims(t), 11)
  })

  test('forgets nothing because a rate is turned down and up again', async (t) => {
    await t.queue.update({ width: Infinity, rate: { limit: 5, per: 1000 } })
    await many(t, 20)
    equal(await claims(t), 5)
    t.now += 500
    await t.queue.update({ rate: { limit: 1, per: 10 } })
    equal(await claims(t), 1)
    t.now += 20
    await t.queue.update({ rate: { limit: 5, per: 1000 } })
    equal(await claims(t), 0)
    t.now += 481
    equal(await claims(t), 4)
  })

  test('goes on after the clock was set back, without a start too many', async (t) => {
    await t.queue.update({ width: Infinity, rate: { limit: 2, per: 100 } })
    await many(t, 6)
    equal(await claims(t), 2)
    t.now -= 3_600_000
    equal(await claims(t), 0)
    t.now += 101
    equal(await claims(t), 2)
    t.now += 99
    equal(await claims(t), 0)
    t.now += 2
    equal(await claims(t), 2)
  })

  test('tells in its facts when it opens', async (t) => {
    await t.queue.update({ width: Infinity, rate: { limit: 2, per: 100 } })
    await many(t, 4)
    equal((await t.queue.facts('j3', t.now))!.rateOpensAt, t.now)
    equal(await claims(t), 2)
    const { rateOpensAt } = (await t.queue.facts('j3', t.now))!
    ok(rateOpensAt === t.now + 100 || rateOpensAt === t.now + 101, `It opens ${rateOpensAt - t.now} ms later`)
    await t.queue.update({ rate: null })
    equal((await t.queue.facts('j3', t.now))!.rateOpensAt, t.now)
  })
}
