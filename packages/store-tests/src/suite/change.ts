import { deepStrictEqual as deepEqual, strictEqual as equal, notDeepStrictEqual as notDeepEqual } from 'node:assert'
import type { Change, ConflictCode, JobState } from '@potoroo/queue'
import type { Part } from '../store-suite.ts'
import { ERROR, failsWith, type Trial } from '../trial.ts'

/** Where a job can stand: in a state, and held by an attempt or not. */
const MAKE: Record<string, (t: Trial) => Promise<unknown>> = {
  pending: async () => {},
  'pending, delayed': (t) => t.hands.claim().then(() => t.hands.fail('a', t.now + 1_000)),
  'pending, its last attempt going on': (t) => t.hands.claim().then(() => t.hands.timeOut('a', t.now)),
  underway: (t) => t.hands.claim(),
  finished: (t) => t.hands.claim().then(() => t.hands.finish('a', '1')),
  failed: (t) => t.hands.claim().then(() => t.hands.fail('a')),
  'failed, its attempt going on': (t) => t.hands.claim().then(() => t.hands.timeOut('a')),
  cancelled: (t) => t.cancel('a'),
  'cancelled, its attempt going on': (t) => t.hands.claim().then(() => t.cancel('a')),
}

const COMMANDS: Record<string, { readonly change: Change; readonly refusal: Partial<Record<JobState, ConflictCode>> }> = {
  cancel: {
    change: { type: 'cancel', error: ERROR },
    refusal: { finished: 'ERR_JOB_OVER', failed: 'ERR_JOB_OVER', cancelled: 'ERR_JOB_OVER' },
  },
  reprioritize: {
    change: { type: 'reprioritize', priority: -7 },
    refusal: {
      underway: 'ERR_JOB_NOT_PENDING',
      finished: 'ERR_JOB_NOT_PENDING',
      failed: 'ERR_JOB_NOT_PENDING',
      cancelled: 'ERR_JOB_NOT_PENDING',
    },
  },
  retry: {
    change: { type: 'retry' },
    refusal: { pending: 'ERR_JOB_NOT_OVER', underway: 'ERR_JOB_NOT_OVER', finished: 'ERR_JOB_NOT_OVER' },
  },
}

export function changing({ test }: Part): void {
  for (const [command, { change, refusal }] of Object.entries(COMMANDS)) {
    for (const [where, make] of Object.entries(MAKE)) {
      const code = refusal[where.split(',')[0] as JobState]
      test(`${command} of a job that is ${where}: ${code ?? 'done'}`, async (t) => {
        await t.put('a')
        await make(t)
        const before = await t.job('a')
        if (code !== undefined) {
          await failsWith(code, t.change('a', change))
          deepEqual(await t.job('a'), before)
          return
        }
        const after = await t.change('a', change)
        notDeepEqual(after, before)
        deepEqual(await t.job('a'), after)
        equal(after.token, before.token, 'A command took a place away')
      })
    }
    test(`${command} of a job that is not there: ERR_JOB_NOT_FOUND`, (t) => failsWith('ERR_JOB_NOT_FOUND', t.change('a', change)))
  }

  test('gives the job as it stands with a conflict', async (t) => {
    await t.put('a')
    await t.cancel('a')
    const error: unknown = await t.cancel('a').catch((thrown: unknown) => thrown)
    deepEqual((error as { record: unknown }).record, await t.job('a'))
  })

  test('cancels with the reason given', async (t) => {
    await t.put('a', 'b')
    t.now += 5
    await t.cancel('a', ERROR)
    await t.cancel('b')
    await t.see('a', { state: 'cancelled', error: ERROR, stopTime: t.now, startTime: null })
    await t.see('b', { error: null })
    deepEqual(await t.hands.claim(5), [])
  })

  test('moves a job before or behind others, and among equals it keeps its arrival', async (t) => {
    await t.put('a', 'b', 'c', 'd')
    await t.reprioritize('c', -1)
    await t.reprioritize('a', 1)
    deepEqual(await t.ids('pending'), ['c', 'b', 'd', 'a'])
    await t.reprioritize('c', 0)
    await t.reprioritize('a', 0)
    deepEqual(await t.ids('pending'), ['a', 'b', 'c', 'd'])
    deepEqual(await t.hands.claim(5), ['a', 'b', 'c', 'd'])
  })

  test('moves a delayed job, which joins at its time all the same', async (t) => {
    await t.put('a', { id: 'b', runAt: t.now + 10 })
    await t.reprioritize('b', -1)
    t.now += 9
    deepEqual(await t.hands.claim(1), ['a'])
    deepEqual(await t.hands.claim(1), [])
    t.now += 1
    deepEqual(await t.hands.claim(1), ['b'])
  })

  test('moves a job whose place in the line waits for an earlier attempt to end', async (t) => {
    await t.put('a', 'b')
    await t.hands.claim(1)
    await t.hands.timeOut('a', t.now)
    await t.reprioritize('a', 5)
    await t.hands.release('a')
    deepEqual(await t.hands.claim(5), ['b', 'a'])
  })

  test('lets a job that is tried again join at the end of the line, as new', async (t) => {
    await t.put('a', 'b', 'c')
    await t.hands.claim(1)
    await t.hands.fail('a')
    await t.cancel('b')
    t.now += 5
    await t.retry('b')
    await t.retry('a')
    await t.see('a', { state: 'pending', attempt: 0, error: null, stopTime: null, progress: null, runAt: t.now })
    deepEqual(await t.hands.claim(5), ['c', 'b', 'a'])
  })

  test('leaves a job where it was in the line when a command is refused', async (t) => {
    await t.put('a', 'b')
    await failsWith('ERR_JOB_NOT_OVER', t.retry('a'))
    await t.reprioritize('a', 1)
    await t.reprioritize('a', 0)
    deepEqual(await t.hands.claim(5), ['a', 'b'])
  })

  test('does not try a job again while another with its key is pending or underway', async (t) => {
    await t.put({ id: 'a', key: 'k' })
    await t.cancel('a')
    await t.put({ id: 'b', key: 'k' })
    await failsWith('ERR_JOB_KEY_TAKEN', t.retry('a'))
    await t.hands.claim()
    await failsWith('ERR_JOB_KEY_TAKEN', t.retry('a'))
    await t.see('a', { state: 'cancelled' })
    await t.hands.finish('b')
    await t.retry('a')
    equal((await t.put({ id: 'c', key: 'k' }))[0]!.job.id, 'a')
  })

  test('clears what is pending, wherever that waits, and nothing else', async (t) => {
    await t.put('a', 'b', 'c', { id: 'd', runAt: t.now + 1_000 }, 'e')
    await t.hands.claim(3)
    await t.hands.timeOut('a', t.now)
    await t.hands.timeOut('b', t.now + 1_000)
    t.now += 1
    equal(await t.queue.clear(1_000, t.now), 4)
    deepEqual((await t.ids('cancelled')).sort(), ['a', 'b', 'd', 'e'])
    await t.see('e', { stopTime: t.now, error: null })
    await t.see('c', { state: 'underway' })
    equal(await t.queue.clear(1_000, t.now), 0)
    await t.hands.release('a')
    deepEqual(await t.hands.claim(5), [])
  })

  test('clears no more at a time than it is asked to', async (t) => {
    await t.put('a', 'b', { id: 'c', runAt: t.now + 1_000 }, { id: 'd', runAt: t.now + 1_000 }, 'e')
    equal(await t.queue.clear(2, t.now), 2)
    equal((await t.queue.status()).counts.pending, 3)
    equal(await t.queue.clear(2, t.now), 2)
    equal(await t.queue.clear(2, t.now), 1)
    equal(await t.queue.clear(2, t.now), 0)
  })
}
