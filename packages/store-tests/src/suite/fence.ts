import { deepStrictEqual as deepEqual, strictEqual as equal } from 'node:assert'
import type { Part } from '../store-suite.ts'
import { ERROR } from '../trial.ts'

export function fencing({ test }: Part): void {
  test('records a result, an error, and another try', async (t) => {
    await t.put('a', 'b', 'c')
    await t.hands.claim(3)
    t.now += 7
    equal(await t.hands.finish('a', '{"n":0}'), true)
    equal(await t.hands.fail('b'), true)
    equal(await t.hands.fail('c', t.now + 50), true)
    const over = { startTime: t.now - 7, stopTime: t.now, token: null, attempt: 1 }
    await t.see('a', { ...over, state: 'finished', result: '{"n":0}', error: null })
    await t.see('b', { ...over, state: 'failed', result: null, error: ERROR })
    await t.see('c', { state: 'pending', attempt: 1, runAt: t.now + 50, error: ERROR, stopTime: null, token: null })
    equal((await t.queue.status()).places, 0)
  })

  test('starts a job that failed again at its time, and forgets its error when that goes well', async (t) => {
    await t.put('a')
    await t.hands.claim()
    await t.hands.fail('a', t.now + 50)
    deepEqual(await t.hands.claim(), [])
    t.now += 50
    deepEqual(await t.hands.claim(), ['a'])
    await t.see('a', { attempt: 2, state: 'underway', error: ERROR })
    await t.hands.finish('a')
    await t.see('a', { attempt: 2, state: 'finished', error: null })
  })

  test('keeps the last progress until the next attempt', async (t) => {
    await t.put('a')
    await t.hands.claim()
    equal(await t.hands.report('a', '"half"'), true)
    await t.see('a', { state: 'underway', progress: '"half"', token: t.hands.held('a').token })
    await t.hands.putBack('a')
    await t.hands.claim()
    await t.see('a', { state: 'underway', progress: null })
  })

  test('puts a job back where it was in the line, without counting the attempt', async (t) => {
    await t.put('a', 'b', 'c')
    await t.hands.claim(2)
    await t.hands.putBack('b')
    await t.see('b', { state: 'pending', attempt: 0 })
    await t.hands.putBack('a')
    deepEqual(await t.hands.claim(10), ['a', 'b', 'c'])
  })

  test('refuses a result whose attempt was taken away, whatever became of the job', async (t) => {
    await t.put('a', 'b', 'c')
    await t.hands.claim(3)
    await t.hands.retire()
    // Pending again; underway with another; and finished by another.
    const other = await t.worker('w2')
    deepEqual(await other.claim(2), ['a', 'b'])
    await other.finish('a', '"mine"')
    for (const id of ['a', 'b', 'c']) equal(await t.hands.finish(id, '"late"'), false)
    await t.see('a', { state: 'finished', result: '"mine"' })
    await t.see('b', { state: 'underway', result: null })
    await t.see('c', { state: 'pending', result: null })
  })

  test('refuses an outcome of a job that is not there', async (t) => {
    await t.put('a')
    await t.hands.claim()
    const outcome = { token: t.hands.held('a').token!, job: { ...t.hands.finished('a'), id: 'gone' } }
    deepEqual((await t.hands.exchange({ outcomes: [outcome] })).accepted, [false])
  })

  test('refuses what is said twice', async (t) => {
    await t.put('a')
    await t.hands.claim()
    equal(await t.hands.finish('a', '1'), true)
    equal(await t.hands.finish('a', '2'), false)
    await t.see('a', { result: '1' })
  })

  test('answers for each outcome by itself', async (t) => {
    await t.put('a', 'b', 'c')
    await t.hands.claim(3)
    await t.hands.finish('b')
    const outcomes = ['a', 'b', 'c'].map((id) => ({ token: t.hands.held(id).token!, job: t.hands.finished(id) }))
    deepEqual((await t.hands.exchange({ outcomes })).accepted, [true, false, true])
    equal((await t.queue.status()).counts.finished, 3)
  })

  test('leaves a cancelled job cancelled, and its place taken until its handler has ended', async (t) => {
    await t.queue.update({ width: 1 })
    await t.put('a', 'b')
    await t.hands.claim()
    t.now += 3
    await t.cancel('a', ERROR)
    await t.see('a', { state: 'cancelled', error: ERROR, stopTime: t.now, token: t.hands.held('a').token })
    equal((await t.queue.status()).places, 1)
    deepEqual(await t.hands.claim(), [])
    equal(await t.hands.release('a'), true)
    await t.see('a', { state: 'cancelled', error: ERROR, stopTime: t.now, token: null, result: null })
    deepEqual(await t.hands.claim(), ['b'])
  })

  test('takes the result of a job that was cancelled meanwhile for its end, and for nothing else', async (t) => {
    await t.put('a')
    await t.hands.claim()
    await t.cancel('a')
    await t.hands.finish('a', '"too late"')
    await t.see('a', { state: 'cancelled', result: null, token: null })
    equal((await t.queue.status()).places, 0)
  })

  test('leaves the place of a job that ran out of time taken until its handler has ended', async (t) => {
    await t.queue.update({ width: 1 })
    await t.put('a', 'b')
    await t.hands.claim()
    await t.hands.timeOut('a')
    await t.see('a', { state: 'failed', error: ERROR, token: t.hands.held('a').token })
    deepEqual(await t.hands.claim(), [])
    await t.hands.release('a')
    deepEqual(await t.hands.claim(), ['b'])
  })

  test('tries a job that ran out of time again only when its handler has ended and its time has come', async (t) => {
    await t.put('a', 'b')
    await t.hands.claim(2)
    await t.hands.timeOut('a', t.now + 10)
    await t.hands.timeOut('b', t.now + 10)
    await t.see('a', { state: 'pending', token: t.hands.held('a').token })
    equal((await t.queue.status()).places, 2)
    await t.hands.release('a')
    deepEqual(await t.hands.claim(5), [])
    t.now += 10
    deepEqual(await t.hands.claim(5), ['a'])
    t.now += 10
    deepEqual(await t.hands.claim(5), [])
    await t.hands.release('b')
    deepEqual(await t.hands.claim(5), ['b'])
    equal((await t.queue.status()).places, 2)
  })

  test('frees a place once', async (t) => {
    await t.queue.update({ width: 2 })
    await t.put('a', 'b', 'c')
    await t.hands.claim(2)
    await t.cancel('a')
    equal(await t.hands.release('a'), true)
    equal(await t.hands.release('a'), false)
    equal((await t.queue.status()).places, 1)
    deepEqual(await t.hands.claim(5), ['c'])
  })

  test('keeps a job that is started again apart from the attempt whose handler goes on', async (t) => {
    await t.put('a')
    await t.hands.claim()
    const first = t.hands.held('a')
    await t.cancel('a')
    await t.retry('a')
    await t.see('a', { state: 'pending', attempt: 0, token: first.token })
    deepEqual(await t.hands.claim(), [])
    await t.hands.finish('a', '"of the first"')
    await t.see('a', { state: 'pending', token: null, result: null })
    deepEqual(await t.hands.claim(), ['a'])
    await t.hands.finish('a', '"of the second"')
    await t.see('a', { state: 'finished', result: '"of the second"' })
  })
}
