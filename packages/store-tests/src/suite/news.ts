import { deepStrictEqual as deepEqual, strictEqual as equal, ok } from 'node:assert'
import type { JobRecord, News } from '@potoroo/queue'
import type { Part } from '../store-suite.ts'
import { newJob, type Trial } from '../trial.ts'

export function telling({ test, share }: Part): void {
  /** Does something, and gives back the jobs that were told of, as `id state`. */
  const told = async (t: Trial, act: () => PromiseLike<unknown>): Promise<string[]> => {
    t.news.length = 0
    await act()
    return t.news.flatMap(({ jobs }) => jobs.map(({ id, state }) => `${id} ${state}`))
  }

  test('tells of every job that was changed, as it stands', async (t) => {
    deepEqual(await told(t, () => t.put('a', 'b', 'c', 'd')), ['a pending', 'b pending', 'c pending', 'd pending'])
    deepEqual(await told(t, () => t.hands.claim(3)), ['a underway', 'b underway', 'c underway'])
    deepEqual(await told(t, () => t.hands.report('a', '1')), ['a underway'])
    equal(t.news[0]!.jobs[0]!.progress, '1')
    deepEqual(await told(t, () => t.hands.finish('a')), ['a finished'])
    deepEqual(await told(t, () => t.hands.fail('b')), ['b failed'])
    deepEqual(await told(t, () => t.cancel('c')), ['c cancelled'])
    deepEqual(await told(t, () => t.hands.release('c')), ['c cancelled'])
    deepEqual(await told(t, () => t.reprioritize('d', 1)), ['d pending'])
    deepEqual(await told(t, () => t.retry('b')), ['b pending'])
    deepEqual((await told(t, () => t.queue.clear(10, t.now))).sort(), ['b cancelled', 'd cancelled'])
    for (const { jobs } of t.news) for (const job of jobs) deepEqual(await t.job(job.id), job)
  })

  test('tells of what a worker gives up', async (t) => {
    await t.put('a', 'b')
    await t.hands.claim(2)
    await t.cancel('b')
    deepEqual((await told(t, () => t.hands.retire())).sort(), ['a pending', 'b cancelled'])
  })

  test('does not tell of what was refused, nor of looking', async (t) => {
    await t.put('a')
    await t.hands.claim()
    await t.hands.retire()
    deepEqual(await told(t, () => t.hands.finish('a')), [])
    deepEqual(await told(t, () => t.retry('a').catch(() => undefined)), [])
    deepEqual(await told(t, () => t.queue.list({ limit: 5 })), [])
    deepEqual(await told(t, () => t.queue.facts('a', t.now)), [])
    const full = () => t.queue.put([newJob('b', t.now)], { size: 0, now: t.now })
    deepEqual(await told(t, () => full().then(undefined, () => undefined)), [])
  })

  test('tells of settings when they may have changed', async (t) => {
    const settings = async (act: () => PromiseLike<unknown>) => {
      t.news.length = 0
      await act()
      return t.news.map(({ settings }) => settings).filter((each) => each !== null)
    }
    deepEqual((await settings(() => t.queue.update({ width: 3 }))).map(({ width }) => width), [3])
    deepEqual((await settings(() => t.hands.exchange({ holdUntil: t.now + 5 }))).map(({ heldUntil }) => heldUntil), [t.now + 5])
    deepEqual((await settings(() => t.open(t.store, 'q', { width: 4 }))).map(({ width }) => width), [4])
    deepEqual(await settings(() => t.put('a')), [])
  })

  test('tells before it answers: whoever waits for a change finds everybody knowing', async (t) => {
    const order: string[] = []
    await t.open(t.store, 'q', {}, () => order.push('told'))
    await t.queue.put([newJob('a', t.now)], { size: 9, now: t.now }).addCallback(() => order.push('answered'))
    await t.queue.update({ width: 3 }).addCallback(() => order.push('answered'))
    deepEqual(order, ['told', 'answered', 'told', 'answered'])
  })

  test('tells only after the commit: what was heard of is there', async (t) => {
    const seen: Promise<JobRecord | undefined>[] = []
    const queue = await t.open(t.store, 'q', {}, ({ jobs }) => {
      for (const { id } of jobs) seen.push(queue.job(id).then())
    })
    await t.put('a')
    equal(seen.length, 1)
    equal((await seen[0])?.id, 'a')
  })

  test('tells everybody who has the queue open, each once, and nobody who has closed it', async (t) => {
    const heard: News[] = []
    const listener = (news: News): number => heard.push(news)
    await t.open(t.store, 'q', {}, listener)
    const leaving = await t.store.open('q', {}, listener)
    const elsewhere = await t.open(t.store, 'other', {}, () => ok(false, 'It is told of another queue'))
    await t.put('a')
    equal(heard.length, 2)
    await leaving.close()
    heard.length = 0
    await t.put('b')
    equal(heard.length, 1)
    equal((await elsewhere.status()).counts.pending, 0)
  })

  if (share === undefined) return

  test('tells of what another process has brought to its end, and of its settings', async (t) => {
    await t.put('a', 'b', 'c', 'd')
    const other = await t.open(await share(t.store))
    const hands = await t.worker('w2', { queue: other })
    await hands.claim(3)
    t.news.length = 0
    await hands.finish('a')
    await hands.fail('b')
    await other.change('c', { type: 'cancel', error: null }, t.now)
    await other.update({ width: 3 })
    // Any operation makes it look; without one it would by itself, a little later.
    await t.queue.status()
    const jobs = t.news.flatMap((news) => news.jobs)
    for (const id of ['a', 'b', 'c']) deepEqual(jobs.filter((job) => job.id === id).at(-1), await t.job(id))
    ok(t.news.some(({ foreign }) => foreign))
    equal(t.news.findLast(({ settings }) => settings !== null)?.settings?.width, 3)
  })

  test('tells of many that another process has brought to their end', async (t) => {
    const ids = Array.from({ length: 2_500 }, (_, i) => `j${i}`)
    await t.put(...ids)
    const other = await t.open(await share(t.store))
    t.news.length = 0
    await other.clear(ids.length, t.now)
    await t.queue.status()
    const cancelled = new Set(t.news.flatMap(({ jobs }) => jobs).map(({ id, state }) => `${id} ${state}`))
    equal(cancelled.size, ids.length)
  })
}
