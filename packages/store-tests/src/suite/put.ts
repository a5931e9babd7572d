import { deepStrictEqual as deepEqual, strictEqual as equal } from 'node:assert'
import type { Part } from '../store-suite.ts'
import { failsWith, newJob } from '../trial.ts'

export function putting({ test }: Part): void {
  test('gives back the job as it is stored, pending', async (t) => {
    const job = { id: 'a', priority: -1.5, key: 'k', maxAttempts: 7, timeout: 1234.5, arg: '{"é":["😀",null]}' }
    const [put] = await t.put({ ...job, runAt: t.now + 5 })
    equal(put!.isNew, true)
    deepEqual(put!.job, {
      ...job,
      queue: 'q',
      runAt: t.now + 5,
      state: 'pending',
      attempt: 0,
      queuedTime: t.now,
      startTime: null,
      stopTime: null,
      result: null,
      error: null,
      progress: null,
      token: null,
    })
    deepEqual(await t.job('a'), put!.job)
  })

  test('keeps texts of any length and content as they are', async (t) => {
    for (const [i, text] of ['""', '"\\u0000"', JSON.stringify('𝄞'.repeat(100_000)), '"; DROP TABLE jobs; --"'].entries()) {
      await t.put({ id: String(i), arg: text, key: text.slice(0, 900) })
      equal((await t.job(String(i))).arg, text)
    }
  })

  test('gives nothing for a job that is not there, nor for one of another queue', async (t) => {
    await t.put('a')
    const other = await t.open(t.store, 'other')
    equal(await t.queue.job('b'), undefined)
    equal(await other.job('a'), undefined)
    equal(await other.facts('a', t.now), undefined)
    await failsWith('ERR_JOB_NOT_FOUND', other.change('a', { type: 'cancel', error: null }, t.now))
    deepEqual((await other.list({ limit: 10 })).jobs, [])
    equal((await other.status()).counts.pending, 0)
  })

  test('puts several at once, in their order', async (t) => {
    const puts = await t.put('b', 'a', 'c')
    deepEqual(puts.map(({ job }) => job.id), ['b', 'a', 'c'])
    deepEqual(await t.ids('pending'), ['b', 'a', 'c'])
    deepEqual(await t.put(), [])
  })

  test('gives the job of a key while it is pending or underway, and then a new one', async (t) => {
    await t.put({ id: 'a', key: 'k' })
    deepEqual(await t.put({ id: 'b', key: 'k' }), [{ job: await t.job('a'), isNew: false }])
    await t.hands.claim()
    deepEqual(await t.put({ id: 'c', key: 'k' }), [{ job: await t.job('a'), isNew: false }])
    await t.hands.finish('a')
    equal((await t.put({ id: 'd', key: 'k' }))[0]!.isNew, true)
    await t.cancel('d')
    equal((await t.put({ id: 'e', key: 'k' }))[0]!.isNew, true)
    equal(await t.queue.job('b'), undefined)
  })

  test('takes a key for one job only, also within one put', async (t) => {
    const puts = await t.put({ id: 'a', key: 'k' }, 'b', { id: 'c', key: 'k' }, { id: 'd', key: 'other' })
    deepEqual(puts.map(({ job, isNew }) => [job.id, isNew]), [['a', true], ['b', true], ['a', false], ['d', true]])
    equal((await t.queue.status()).counts.pending, 3)
  })

  test('keeps the keys of queues apart', async (t) => {
    await t.put({ id: 'a', key: 'k' })
    const other = await t.open(t.store, 'other')
    const [put] = await other.put([newJob({ id: 'b', key: 'k' }, t.now)], { size: Infinity, now: t.now })
    equal(put!.isNew, true)
  })

  test('refuses jobs that do not fit, all or none', async (t) => {
    await t.put('a')
    const put = (size: number, ...jobs: Parameters<typeof newJob>[0][]) =>
      t.queue.put(jobs.map((job) => newJob(job, t.now)), { size, now: t.now })
    await failsWith('ERR_QUEUE_OVERFLOW', put(2, 'b', 'c'))
    deepEqual(await t.ids(), ['a'])
    await put(3, 'b', 'c')
    await failsWith('ERR_QUEUE_OVERFLOW', put(3, 'd'))
    await failsWith('ERR_QUEUE_OVERFLOW', put(0, 'd'))
    await t.hands.claim(2)
    await put(3, 'd', 'e')
    deepEqual(await t.ids('pending'), ['c', 'd', 'e'])
  })

  test('counts towards the size only what is new', async (t) => {
    const job = (id: string, key: string | null) => newJob({ id, key }, t.now)
    const options = { size: 2, now: t.now }
    await t.queue.put([job('a', 'k'), job('b', 'k'), job('c', null)], options)
    deepEqual(await t.ids(), ['a', 'c'])
    const [put] = await t.queue.put([job('d', 'k')], options)
    equal(put!.job.id, 'a')
    await failsWith('ERR_QUEUE_OVERFLOW', t.queue.put([job('d', 'k'), job('e', 'new')], options))
    equal(await t.queue.job('e'), undefined)
  })
}
