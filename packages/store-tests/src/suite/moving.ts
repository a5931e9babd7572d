import { deepStrictEqual as deepEqual, strictEqual as equal, ok } from 'node:assert'
import type { Departed, MovingJob, QueueSettings, QueueStore } from '@potoroo/queue'
import type { Part } from '../store-suite.ts'
import { ERROR, failsWith, newJob, Trial } from '../trial.ts'

const MOVE = 'move'
const SETTINGS: Omit<QueueSettings, 'move'> = { width: 9, rate: null, paused: false, heldUntil: 0 }

function depart(t: Trial, { queue = t.queue, delivered = [] as readonly string[], limit = 100, move = MOVE } = {}): Promise<Departed> {
  return queue.depart({ move, delivered, limit, now: t.now }).then()
}
const idsOf = (jobs: readonly MovingJob[]): string[] => jobs.map(({ job }) => job.id)

/** Lets all go that may. */
async function departAll(t: Trial): Promise<MovingJob[]> {
  const all: MovingJob[] = []
  for (let delivered: string[] = []; ; ) {
    const { jobs, status } = await depart(t, { delivered })
    if (status.move!.state === 'left') return all
    ok(jobs.length > 0, 'Something stays behind')
    all.push(...jobs)
    delivered = idsOf(jobs)
  }
}

function arrive(queue: QueueStore, jobs: readonly MovingJob[], land = false, move = MOVE) {
  return queue.arrive({ move, jobs, landing: land ? { settings: SETTINGS, declared: {} } : null }).then()
}

export function moving({ test, share }: Part): void {
  const leaving = { state: 'leaving', id: MOVE, jobs: 0, outbox: 0 } as const

  /** Jobs in every state, with all that a job may have; none is held. */
  const everyKind = async (t: Trial): Promise<void> => {
    await t.queue.update({ width: 20 })
    await t.put('finished', { id: 'failed', maxAttempts: 1 }, 'cancelled', { id: 'again', priority: -2, key: 'k', timeout: 5, arg: '{"é":[1]}' })
    await t.hands.claim(4)
    await t.hands.finish('finished', '{"done":true}')
    await t.hands.report('again', '0.5')
    t.now += 5
    const log = [{ time: t.now, attempt: 1, message: 'so far' }]
    const failed = { ...t.hands.failed('again', t.now), token: null }
    const ended = { attempt: 1, startTime: t.now, stopTime: t.now, outcome: 'failed', error: ERROR } as const
    await t.hands.exchange({ outcomes: [{ token: t.hands.held('again').token!, job: failed, ended, log }] })
    await t.cancel('cancelled', ERROR)
    await t.hands.release('cancelled')
    t.now += 5
    await t.hands.fail('failed')
    await t.put('pending', { id: 'urgent', priority: -1 }, { id: 'late', runAt: t.now + 50 })
  }

  test('leaves with every job whole, and arrives as it was', async (t) => {
    await everyKind(t)
    const all = await t.listAll()
    const states = ['pending', 'finished', 'failed', 'cancelled'] as const
    const orders = await Promise.all(states.map((state) => t.ids(state)))
    const histories = await Promise.all(all.map(({ id }) => t.queue.history(id)))
    const moved = await departAll(t)
    deepEqual(moved.map(({ job }) => job), all)
    deepEqual(await t.ids(), [])

    const there = await Trial.begin(t.store, {}, 'there')
    await arrive(there.queue, moved)
    await arrive(there.queue, [], true)
    const renamed = all.map((job) => ({ ...job, queue: 'there' }))
    deepEqual(await there.listAll(), renamed)
    deepEqual(await Promise.all(states.map((state) => there.ids(state))), orders)
    for (const [i, history] of histories.entries()) deepEqual(await there.queue.history(all[i]!.id), { ...history!, job: renamed[i] })
    there.now = t.now
    await there.put('next')
    deepEqual(await there.hands.claim(9), ['again', 'urgent', 'pending', 'next'])
    equal((await there.job('again')).attempt, 2)
    there.now += 50
    deepEqual(await there.hands.claim(9), ['late'])
    await there.end()
  })

  test('checks jobs out in order of arrival, so many at a time, and the next when they have arrived', async (t) => {
    await t.put('a', { id: 'b', priority: -1 }, 'c', 'd', 'e')
    const first = await depart(t, { limit: 2 })
    deepEqual(idsOf(first.jobs), ['a', 'b'])
    deepEqual(first.status.move, { ...leaving, outbox: 2 })
    equal(first.status.counts.pending, 3)
    deepEqual(idsOf((await depart(t, { limit: 1 })).jobs), ['a', 'b'])
    const partly = await depart(t, { delivered: ['b', 'nobody'], limit: 3 })
    deepEqual(idsOf(partly.jobs), ['a'])
    deepEqual(partly.status.move, { ...leaving, jobs: 1, outbox: 1 })
    const second = await depart(t, { delivered: ['a', 'b'], limit: 3 })
    deepEqual(idsOf(second.jobs), ['c', 'd', 'e'])
    const last = await depart(t, { delivered: idsOf(second.jobs) })
    deepEqual([last.jobs, last.status.move], [[], { state: 'left', id: MOVE, jobs: 5, outbox: 0 }])
    deepEqual((await depart(t)).status.move, last.status.move)
  })

  test('waits with all that came later for a job that is held', async (t) => {
    await t.put('a', 'b', 'c', 'd')
    await t.hands.claim(2)
    await t.hands.timeOut('a', t.now)
    await t.hands.finish('b')
    deepEqual((await depart(t)).jobs, [])
    await t.hands.release('a')
    deepEqual(idsOf((await depart(t)).jobs), ['a', 'b', 'c', 'd'])
  })

  test('leaving, starts nothing, and records what was underway', async (t) => {
    await t.put('a', 'b')
    await t.hands.claim(1)
    await depart(t)
    deepEqual(await t.hands.claim(5), [])
    await t.hands.report('a', '1')
    await t.see('a', { progress: '1', state: 'underway' })
    await t.hands.finish('a')
    deepEqual(idsOf((await depart(t)).jobs), ['a', 'b'])
  })

  test('leaving, takes what is put, and is changed', async (t) => {
    await t.put('a')
    await depart(t)
    await t.put('b', 'c')
    await t.cancel('b')
    await t.reprioritize('c', 3)
    await t.queue.update({ width: 7 })
    const { jobs, status } = await depart(t, { delivered: ['a'] })
    deepEqual(jobs.map(({ job }) => [job.id, job.state, job.priority]), [['b', 'cancelled', 0], ['c', 'pending', 3]])
    equal(status.width, 7)
  })

  test('leaving, does not know a job any more that is checked out', async (t) => {
    await t.put('a')
    for (const delivered of [[], ['a']]) {
      await depart(t, { delivered })
      equal(await t.queue.job('a'), undefined)
      equal(await t.queue.history('a'), undefined)
      equal(await t.queue.facts('a', t.now), undefined)
      await failsWith('ERR_JOB_MOVED', t.cancel('a'))
      await failsWith('ERR_JOB_MOVED', t.reprioritize('a', 1))
      await failsWith('ERR_JOB_MOVED', t.retry('a'))
    }
  })

  test('leaving, keeps the key of a job that has gone', async (t) => {
    await t.put({ id: 'over', key: 'k' })
    await t.cancel('over')
    const put = () => t.put({ id: 'another', key: 'k' })
    const first = (await t.put({ id: 'a', key: 'k' }))[0]!.job
    // Something that keeps it from having left.
    await t.put('b')
    await depart(t, { limit: 2 })
    deepEqual(await put(), [{ job: first, isNew: false }])
    await depart(t, { delivered: ['over', 'a'], limit: 1 })
    deepEqual(await put(), [{ job: first, isNew: false }])
    await t.put('c')
    await t.cancel('c')
    deepEqual(idsOf((await depart(t, { delivered: ['b'] })).jobs), ['c'])
    deepEqual((await depart(t, { delivered: ['c'] })).status.move?.state, 'left')
  })

  test('leaving, does not retry a job whose key has been taken by one that has gone', async (t) => {
    for (const id of ['a', 'b']) {
      await t.put({ id, key: 'k' })
      await t.cancel(id)
    }
    await t.retry('a')
    await depart(t, { limit: 1 })
    await failsWith('ERR_JOB_KEY_TAKEN', t.retry('b'))
    deepEqual(idsOf((await depart(t, { delivered: ['a'], limit: 0 })).jobs), [])
    await failsWith('ERR_JOB_KEY_TAKEN', t.retry('b'))
  })

  test('has left, and takes nothing any more, as soon as there is nothing', async (t) => {
    await t.put('a')
    await t.hands.claim()
    await t.cancel('a')
    equal((await depart(t)).status.move?.state, 'leaving')
    await t.hands.release('a')
    await depart(t)
    equal((await depart(t, { delivered: ['a'], limit: 0 })).status.move?.state, 'left')
    await failsWith('ERR_QUEUE_MOVED', t.queue.put([newJob('b', t.now)], { size: 9, now: t.now }))
    await failsWith('ERR_QUEUE_MOVED', t.queue.update({ width: 1 }))
    await failsWith('ERR_QUEUE_MOVED', t.queue.clear(1, t.now))
    await failsWith('ERR_JOB_MOVED', t.cancel('a'))
    deepEqual(await t.hands.claim(), [])
  })

  test('says what was declared, with what holds', async (t) => {
    const rate = { limit: 2, per: 10.5 }
    const other = await t.open(t.store, 'other', { width: Infinity, rate })
    await other.update({ width: 2, rate: null })
    const { declared, status } = await depart(t, { queue: other })
    deepEqual(declared, { width: Infinity, rate })
    deepEqual([status.width, status.rate], [2, null])
    deepEqual((await depart(t, { queue: await t.open(t.store, 'third', { rate: null }) })).declared, { rate: null })
  })

  test('leaves with one move at a time, until one has brought nothing over', async (t) => {
    await t.put('a', 'b')
    await depart(t, { limit: 1, move: 'first' })
    const second = await depart(t, { limit: 1, move: 'second' })
    deepEqual([idsOf(second.jobs), second.status.move?.id], [['a'], 'second'])
    await failsWith('ERR_MOVE_ELSEWHERE', depart(t, { move: 'first', delivered: ['a'] }).then(() => depart(t, { move: 'third' })))
    await failsWith('ERR_MOVE_ELSEWHERE', depart(t, { move: 'second' }))
    await failsWith('ERR_MOVE_ELSEWHERE', arrive(t.queue, []))
    deepEqual(idsOf((await depart(t, { move: 'first' })).jobs), ['b'])
  })

  test('arriving, can be looked at, and nothing else', async (t) => {
    await t.put({ id: 'a', key: 'k' }, { id: 'late', runAt: t.now + 5 })
    await t.cancel('a')
    const moved = await departAll(t)
    const there = await Trial.begin(t.store, { width: 3 }, 'there')
    await arrive(there.queue, moved)
    there.now = t.now + 1_000
    deepEqual(await there.ids(), ['a', 'late'])
    deepEqual(await there.hands.claim(), [])
    equal(await there.queue.prune({ finished: 0, failed: 0 }, there.now), 0)
    await failsWith('ERR_QUEUE_ARRIVING', there.queue.put([newJob('b', t.now)], { size: 9, now: t.now }))
    await failsWith('ERR_QUEUE_ARRIVING', there.queue.update({ width: 1 }))
    await failsWith('ERR_QUEUE_ARRIVING', there.queue.clear(1, t.now))
    for (const id of ['a', 'nobody']) await failsWith('ERR_QUEUE_ARRIVING', there.cancel(id))
    deepEqual(await there.queue.status(), {
      width: 3,
      rate: null,
      paused: false,
      heldUntil: 0,
      move: { state: 'arriving', id: MOVE, jobs: 2, outbox: 0 },
      counts: { pending: 1, underway: 0, finished: 0, failed: 0, cancelled: 1 },
      places: 0,
      nextDue: t.now + 5,
    })
    await arrive(there.queue, [], true)
    deepEqual(await there.hands.claim(), ['late'])
    await there.end()
  })

  test('takes each job once, however often it comes', async (t) => {
    await t.put('a', 'b', 'c')
    const moved = await departAll(t)
    const there = await Trial.begin(t.store, {}, 'there')
    await arrive(there.queue, moved.slice(0, 2))
    await arrive(there.queue, moved)
    equal((await there.queue.status()).move?.jobs, 3)
    await arrive(there.queue, moved.slice(1), true)
    await there.hands.claim()
    await there.hands.finish('a')
    equal(await there.queue.prune({ finished: -1, failed: -1 }, there.now), 1)
    // Of a step that was heard of too late.
    await arrive(there.queue, moved)
    deepEqual(await there.ids(), ['b', 'c'])
    await there.end()
  })

  test('arrives only where it has no jobs, nor another move of it has begun', async (t) => {
    await t.put('a')
    await failsWith('ERR_QUEUE_EXISTS', arrive(t.queue, []))
    const moved = await departAll(t)
    const there = await Trial.begin(t.store, {}, 'there')
    await arrive(there.queue, [], false, 'another, which brought nothing')
    await arrive(there.queue, moved)
    await failsWith('ERR_MOVE_ELSEWHERE', arrive(there.queue, [], false, 'another'))
    await failsWith('ERR_MOVE_ELSEWHERE', depart(t, { queue: there.queue }))
    await failsWith('ERR_MOVE_ELSEWHERE', depart(t, { queue: there.queue, move: 'another' }))
    await arrive(there.queue, [], true)
    await failsWith('ERR_QUEUE_EXISTS', arrive(there.queue, [], false, 'another'))
    await there.end()
  })

  test('has the settings that it brings; what was declared here meanwhile holds if it was not declared there', async (t) => {
    const rate = { limit: 9, per: 10.5 }
    const landing = { settings: { width: 7, rate: null, paused: true, heldUntil: t.now + 9 }, declared: { width: 5, rate } }
    const land = async (name: string, here: object): Promise<Omit<QueueSettings, 'move'>> => {
      const queue = await t.open(t.store, name)
      await queue.arrive({ move: MOVE, jobs: [], landing: null })
      await t.open(t.store, name, here)
      await queue.arrive({ move: MOVE, jobs: [], landing })
      const { move, ...settings } = queue.settings
      equal(move?.state, 'arrived')
      return settings
    }
    deepEqual(await land('same', { width: 5, rate }), landing.settings)
    deepEqual(await land('other', { width: 6, rate: { limit: 1, per: 1 } }), { ...landing.settings, width: 6, rate: { limit: 1, per: 1 } })
    deepEqual(await land('none', {}), landing.settings)
    const again = await t.open(t.store, 'none', { width: 5, rate })
    deepEqual([again.settings.width, again.settings.rate], [7, null])
    deepEqual((await t.open(t.store, 'none', { width: 8 })).settings.width, 8)
  })

  test('may move back to where it was, of which nothing is left', async (t) => {
    await t.open(t.store, 'q', { width: 3 })
    await t.put('a', { id: 'gone', key: 'k' }, 'b')
    const moved = await departAll(t)
    await arrive(t.queue, moved.filter(({ job }) => job.id !== 'gone'), true, 'back')
    deepEqual(await t.ids(), ['a', 'b'])
    equal(t.queue.settings.width, SETTINGS.width)
    equal((await t.put({ id: 'c', key: 'k' }))[0]!.isNew, true)
    deepEqual(await t.hands.claim(9), ['a', 'b', 'c'])
  })

  test('tells of the move whoever has the queue open', async (t) => {
    await t.put('a')
    const states = async (act: () => PromiseLike<unknown>): Promise<unknown[]> => {
      t.news.length = 0
      await act()
      return t.news.map(({ settings }) => settings?.move && [settings.move.state, settings.move.jobs, settings.move.outbox])
    }
    deepEqual(await states(() => depart(t, { limit: 0 })), [['leaving', 0, 0]])
    deepEqual(await states(() => depart(t)), [['leaving', 0, 1]])
    deepEqual(await states(() => depart(t)), [])
    deepEqual(await states(() => depart(t, { delivered: ['a'] })), [['left', 1, 0]])
    deepEqual(await states(() => arrive(t.queue, [])), [['arriving', 0, 0]])
  })

  test('the store says which queues it has', async (t) => {
    await t.open(t.store, 'another')
    deepEqual((await t.store.queues()).sort(), ['another', 'q'])
  })

  if (share === undefined) return

  test('goes by a move that another process makes', async (t) => {
    await t.put('a', { id: 'b', key: 'k' })
    const other = await t.open(await share(t.store))
    const { jobs } = await depart(t, { queue: other })
    t.news.length = 0
    deepEqual(await t.hands.claim(), [])
    equal(t.news.findLast(({ settings }) => settings !== null)?.settings?.move?.outbox, 2)
    equal((await t.put({ id: 'c', key: 'k' }))[0]!.isNew, false)
    await t.put('c')
    await depart(t, { queue: other, delivered: idsOf(jobs) })
    deepEqual(idsOf((await depart(t)).jobs), ['c'])
    equal((await depart(t, { queue: other, delivered: ['c'] })).status.move?.state, 'left')
    await failsWith('ERR_QUEUE_MOVED', t.queue.put([newJob('d', t.now)], { size: 9, now: t.now }))
  })
}
