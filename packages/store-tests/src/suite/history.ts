import { deepStrictEqual as deepEqual, strictEqual as equal } from 'node:assert'
import { type AttemptRecord, KEPT_ATTEMPTS, KEPT_LINES, type LogLine, type Outcome } from '@potoroo/queue'
import type { Part } from '../store-suite.ts'
import { ERROR, LEASE, type Trial } from '../trial.ts'

export function remembering({ test, share }: Part): void {
  const attemptsOf = async (t: Trial, id: string) => (await t.queue.history(id))!.attempts
  const logOf = async (t: Trial, id: string) => (await t.queue.history(id))!.log.map(({ message }) => message)

  /** What a dispatcher says of an attempt that failed. */
  const failed = (t: Trial, id: string, retryAt: number | null = t.now): Outcome => {
    const { attempt, startTime, token } = t.hands.held(id)
    const ended: AttemptRecord = { attempt, startTime: startTime!, stopTime: t.now, outcome: 'failed', error: { ...ERROR, message: `${attempt}` } }
    return { token: token!, job: { ...t.hands.failed(id, retryAt), token: null }, ended }
  }
  const lines = (t: Trial, ...messages: string[]): LogLine[] => messages.map((message) => ({ time: t.now, attempt: 1, message }))
  const say = (t: Trial, id: string, ...messages: string[]): Outcome => ({
    token: t.hands.held(id).token!,
    job: t.hands.held(id),
    log: lines(t, ...messages),
  })

  test('has nothing of a job that was done at once, nor of one that waits', async (t) => {
    await t.put('a', 'b')
    await t.hands.claim()
    await t.hands.finish('a')
    for (const id of ['a', 'b']) deepEqual(await t.queue.history(id), { job: await t.job(id), attempts: [], log: [] })
    equal(await t.queue.history('nobody'), undefined)
  })

  test('keeps the attempts that failed, in their order, through a retry of the job', async (t) => {
    await t.put('a')
    const expected: AttemptRecord[] = []
    for (const retryAt of [t.now, null]) {
      await t.hands.claim()
      t.now += 3
      const outcome = failed(t, 'a', retryAt)
      expected.push(outcome.ended!)
      deepEqual((await t.hands.exchange({ outcomes: [outcome] })).accepted, [true])
    }
    deepEqual(await attemptsOf(t, 'a'), expected)
    await t.retry('a')
    await t.hands.claim()
    await t.hands.finish('a')
    deepEqual(await attemptsOf(t, 'a'), expected)
  })

  test('keeps nothing of an outcome that is refused, or of an attempt that was given back', async (t) => {
    await t.put('a', 'b')
    await t.hands.claim(2)
    await t.hands.putBack('b')
    await t.hands.retire()
    deepEqual((await t.hands.exchange({ outcomes: [{ ...failed(t, 'a'), log: lines(t, 'late') }] })).accepted, [false])
    for (const id of ['a', 'b']) deepEqual(await t.queue.history(id), { job: await t.job(id), attempts: [], log: [] })
  })

  test('keeps an attempt that was cancelled, and not what its handler throws then', async (t) => {
    await t.put('a', 'b')
    await t.hands.claim()
    const { startTime } = t.hands.held('a')
    t.now += 4
    const outcome = failed(t, 'a')
    await t.cancel('a', ERROR)
    await t.cancel('b', ERROR)
    await t.hands.exchange({ outcomes: [outcome] })
    deepEqual(await attemptsOf(t, 'a'), [{ attempt: 1, startTime, stopTime: t.now, outcome: 'cancelled', error: ERROR }])
    deepEqual(await attemptsOf(t, 'b'), [])
  })

  test('keeps the latest attempts, up to a number', async (t) => {
    const tries = KEPT_ATTEMPTS + 3
    await t.put({ id: 'a', maxAttempts: tries })
    for (let n = 0; n < tries; n++) {
      await t.hands.claim()
      await t.hands.exchange({ outcomes: [failed(t, 'a')] })
    }
    deepEqual((await attemptsOf(t, 'a')).map(({ attempt }) => attempt), Array.from({ length: KEPT_ATTEMPTS }, (_, i) => i + 4))
  })

  test('keeps what is logged, with whatever else is said of the job', async (t) => {
    await t.put('a', 'b')
    await t.hands.claim(2)
    deepEqual((await t.hands.exchange({ outcomes: [say(t, 'a', 'one', 'two')] })).accepted, [true])
    t.now += 5
    await t.hands.exchange({ outcomes: [{ ...failed(t, 'a'), log: lines(t, 'three 🦘') }, say(t, 'b', 'of b')] })
    deepEqual((await t.queue.history('a'))!.log, [
      { time: t.now - 5, attempt: 1, message: 'one' },
      { time: t.now - 5, attempt: 1, message: 'two' },
      { time: t.now, attempt: 1, message: 'three 🦘' },
    ])
    deepEqual(await logOf(t, 'b'), ['of b'])
    await t.see('b', { state: 'underway' })
  })

  test('keeps what a handler logs after its job was cancelled, until it ends', async (t) => {
    await t.put('a')
    await t.hands.claim()
    await t.cancel('a')
    const outcome = { ...say(t, 'a', 'cleaning up'), releaseOnly: true } as const
    await t.hands.exchange({ outcomes: [outcome] })
    equal((await t.queue.status()).places, 1)
    await t.hands.exchange({ outcomes: [{ ...outcome, job: { ...outcome.job, token: null }, log: lines(t, 'done') }] })
    equal((await t.queue.status()).places, 0)
    deepEqual((await t.hands.exchange({ outcomes: [{ ...outcome, log: lines(t, 'too late') }] })).accepted, [false])
    deepEqual(await logOf(t, 'a'), ['cleaning up', 'done'])
    await t.see('a', { state: 'cancelled' })
  })

  test('keeps the latest lines, up to a number, however they come', async (t) => {
    await t.put('a')
    await t.hands.claim()
    const all = Array.from({ length: KEPT_LINES + 60 }, (_, i) => `line ${i}`)
    for (let i = 0; i < 50; i++) await t.hands.exchange({ outcomes: [say(t, 'a', all[i]!)] })
    await t.hands.exchange({ outcomes: [say(t, 'a', ...all.slice(50))] })
    deepEqual(await logOf(t, 'a'), all.slice(-KEPT_LINES))
  })

  test('is deleted with its job, and no other job gets it', async (t) => {
    await t.put('a')
    await t.hands.claim()
    await t.hands.exchange({ outcomes: [{ ...failed(t, 'a', null), log: lines(t, 'one') }] })
    t.now += 10
    equal(await t.queue.prune({ finished: 5, failed: 5 }, t.now), 1)
    equal(await t.queue.history('a'), undefined)
    await t.put('a')
    deepEqual(await t.queue.history('a'), { job: await t.job('a'), attempts: [], log: [] })
  })

  test('belongs to the job of its queue', async (t) => {
    const other = await t.open(t.store, 'other')
    await t.put('a')
    equal(await other.history('a'), undefined)
  })

  // A store that only this process has holds no workers but its own.
  if (share === undefined) return

  test('keeps an attempt whose process died as lost', async (t) => {
    await t.put({ id: 'a', maxAttempts: 1 })
    const other = await t.worker('w2')
    await other.claim()
    const { startTime } = other.held('a')
    for (let look = 0; look < 4; look++) {
      t.now += 7
      await t.hands.renew()
      await t.hands.recover(LEASE / 3)
    }
    await t.see('a', { state: 'failed' })
    deepEqual(await attemptsOf(t, 'a'), [{ attempt: 1, startTime, stopTime: t.now, outcome: 'lost', error: null }])
  })

  test('is seen by every process', async (t) => {
    await t.put('a')
    await t.hands.claim()
    await t.hands.exchange({ outcomes: [{ ...failed(t, 'a'), log: lines(t, 'one') }] })
    const queue = await t.open(await share(t.store))
    deepEqual(await queue.history('a'), await t.queue.history('a'))
  })
}
