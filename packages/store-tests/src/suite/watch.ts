import { deepStrictEqual as deepEqual, strictEqual as equal, ok } from 'node:assert'
import { isOver, type News, openQueue, type QueueOptions, type Store } from '@potoroo/queue'
import { Deferred, ManualClock } from 'potoroo'
import type { Part } from '../store-suite.ts'
import { failsWith, START, type Trial } from '../trial.ts'

const DAY = 24 * 60 * 60 * 1000
/** What has been over for a moment is too old. */
const NOTHING = { finished: 0, failed: 0 }

export function watching({ test, share }: Part): void {
  const elsewhere = (t: Trial): Promise<Store> => Promise.resolve(share === undefined ? t.store : share(t.store))
  const open = <A, R>(store: Store, options: Partial<QueueOptions<A, R>> = {}) =>
    openQueue<A, R>({ name: 'q', store, clock: new ManualClock(START), ...options })

  test('fires with the result though the process that did the job keeps none, and deletes in that very moment', async (t) => {
    await using producer = await open<string, string>(t.store)
    const clock = new ManualClock(START)
    const called = new Deferred()
    const work = new Deferred<string>()
    const handler = (): Deferred<string> => {
      called.callback()
      return work
    }
    await using worker = await open<string, string>(await elsewhere(t), { clock, handler, keep: NOTHING })
    const watching = (await producer.put('a')).watch()
    await called
    work.callback('done')
    clock.advance(1_000)
    deepEqual((await watching).result, 'done')
    // Two looks later it is gone.
    const { id } = await watching
    for (let looks = 0; looks < 2; looks++) {
      clock.advance(60_001)
      await worker.counts()
    }
    await failsWith('ERR_JOB_NOT_FOUND', worker.job(id))
  })

  if (share === undefined) return

  // Operations of one moment share a commit as a rule: then nobody comes to look between.
  for (const [end, after] of [
    ['finished', 'deleted'],
    ['failed', 'deleted'],
    ['cancelled', 'deleted'],
    ['failed', 'retried'],
    ['cancelled', 'retried'],
  ] as const) {
    test(`tells of a job that was ${end} and ${after} before anybody looked that it was missed`, async (t) => {
      await t.put('a', 'b')
      const other = await t.open(await share(t.store))
      const hands = await t.worker('w2', { queue: other })
      await hands.claim(2)
      await t.queue.status()
      t.news.length = 0
      const ends: PromiseLike<unknown>[] = [
        hands.finish('b'),
        ...(end === 'finished' ? [hands.finish('a')] : []),
        ...(end === 'failed' ? [hands.fail('a')] : []),
        ...(end === 'cancelled' ? [other.change('a', { type: 'cancel', error: null }, t.now), hands.release('a')] : []),
      ]
      t.now += 1
      ends.push(after === 'deleted' ? other.prune(NOTHING, t.now) : other.change('a', { type: 'retry' }, t.now))
      await Promise.all(ends)
      await t.queue.status()
      const over = t.news.flatMap(({ jobs }) => jobs.filter(({ state }) => isOver(state)).map(({ id }) => id))
      const missed = t.news.some((news) => news.missed)
      for (const id of ['a', 'b']) ok(missed || over.includes(id), `Nobody was told that ${id} was over`)
    })
  }

  test('tells whoever waits for nothing only of jobs that were cancelled elsewhere', async (t) => {
    await t.put('a', 'b', 'c', 'd', 'e', 'f')
    const news: News[] = []
    let waits = false
    const here = await t.open(await share(t.store), 'q', {}, (each) => news.push(each), () => waits)
    await t.hands.claim(6)
    news.length = 0
    const told = async (): Promise<string[]> => {
      // Any operation makes it look; it may have looked by itself before.
      await here.status()
      ok(news.some(({ foreign }) => foreign))
      ok(!news.some(({ missed }) => missed))
      return news.splice(0).flatMap(({ jobs }) => jobs.filter(({ state }) => isOver(state)).map(({ id }) => id)).sort()
    }
    await t.hands.finish('a')
    await t.hands.fail('b')
    await t.cancel('c')
    deepEqual(await told(), ['c'])
    waits = true
    await t.hands.finish('d')
    await t.hands.fail('e')
    await t.cancel('f')
    deepEqual(await told(), ['d', 'e', 'f'])
  })

  test('tells of nothing missed as long as all that is over is there, however much it is', async (t) => {
    const ids = Array.from({ length: 1_500 }, (_, i) => `j${i}`)
    await t.put(...ids)
    const other = await t.open(await share(t.store))
    t.news.length = 0
    await other.clear(ids.length, t.now)
    await other.put([], { size: Infinity, now: t.now })
    await t.queue.status()
    equal(t.news.flatMap(({ jobs }) => jobs).length, ids.length)
    ok(!t.news.some(({ missed }) => missed))
  })

  test('fails with JobNotFound if the job was deleted before this process looked, and waits on for the others', async (t) => {
    await using producer = await open(t.store)
    const watching = (await producer.putMany([{ arg: 'a' }, { arg: 'b' }, { arg: 'c' }])).map((job) => job.watch())
    const other = await t.open(await share(t.store))
    const hands = await t.worker('w2', { queue: other })
    const [a, b, c] = await hands.claim(3)
    const finished = hands.finish(a!)
    t.now += DAY
    await Promise.all([finished, other.prune(NOTHING, t.now)])
    await failsWith('ERR_JOB_NOT_FOUND', watching[0]!)
    equal(watching[1]!.called, false)
    await hands.finish(b!, '"late"')
    equal((await watching[1]!).result, 'late')
    await hands.fail(c!)
    await failsWith('ERR_JOB_FAILED', watching[2]!)
  })
}
