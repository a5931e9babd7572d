import { type Handler, Permanent, RetryAfter } from '@potoroo/queue'
import { Deferred, fail, succeed } from 'potoroo'
import { describe, expect, it } from 'vitest'
import { Bench, NOW, settle } from './bench.ts'

const once = { retry: { maxAttempts: 1 } }

describe('a handler', () => {
  it('is called with the argument and its job, underway', async () => {
    await using bench = await Bench.open()
    const put = await bench.queue.put({ to: 'Ada' })
    await bench.advance(0)
    const { arg, job } = bench.calls[0]!
    expect(arg).toEqual({ to: 'Ada' })
    expect(job).toMatchObject({ id: put.id, state: 'underway', attempt: 1, startTime: NOW })
    expect(job.attemptToken).toMatch(/\S/)
    expect((await bench.queue.job(put.id)).attemptToken).toBe(job.attemptToken)
    bench.calls[0]!.finish({ sid: 7 })
    expect(await put.watch()).toMatchObject({ state: 'finished', result: { sid: 7 }, stopTime: NOW, error: null, attemptToken: null })
  })

  const thenable = (then: (resolve: (value: unknown) => void, reject: (error: unknown) => void) => unknown): unknown => ({ then })
  it.each<[string, () => unknown, unknown]>([
    ['nothing', () => undefined, null],
    ['null', () => null, null],
    ['a value', () => 0, 0],
    ['an object', () => ({ a: [1] }), { a: [1] }],
    ['a promise', async () => 'late', 'late'],
    ['a promise of nothing', async () => undefined, null],
    ['a deferred that has fired', () => succeed('now'), 'now'],
    ['a deferred of a promise', () => succeed(1).addCallback(async (n) => n + 1), 2],
    ['a thenable', () => thenable((resolve) => resolve('from afar')), 'from afar'],
    ['a thenable whose then returns nothing', () => thenable((resolve) => void queueMicrotask(() => resolve('later'))), 'later'],
    ['what JSON makes of a date', () => new Date(NOW), new Date(NOW).toISOString()],
  ])('may return %s', async (_, handler, result) => {
    await using bench = await Bench.open({ handler: handler as Handler<unknown, unknown> })
    const job = await (await bench.queue.put(1)).watch()
    expect([job.state, job._record.result]).toEqual(['finished', JSON.stringify(result)])
    await settle()
    expect((await bench.queue.status()).places).toBe(0)
  })

  const error = Object.assign(new TypeError('no good'), { code: 'ERR_NO_GOOD' })
  const raise = (thrown: unknown) => (): never => {
    throw thrown
  }
  it.each<[string, () => unknown, object]>([
    ['an error', raise(error), { name: 'TypeError', message: 'no good', code: 'ERR_NO_GOOD' }],
    ['an error of the system', raise(Object.assign(new Error('gone'), { code: 5 })), { name: 'Error', message: 'gone', code: '5' }],
    ['a string', raise('no good'), { name: 'Error', message: 'no good', code: null }],
    ['undefined', raise(undefined), { name: 'Error', message: 'undefined', code: null }],
    ['null, in a promise', () => Promise.reject(null), { name: 'Error', message: 'null', code: null }],
    ['an error, in a deferred', () => fail(error), { name: 'TypeError', message: 'no good', code: 'ERR_NO_GOOD' }],
    ['an error, when its then is looked for', () => ({ get then() { throw error } }), { code: 'ERR_NO_GOOD' }],
    ['an error, when its then is called', () => ({ then: raise(error) }), { code: 'ERR_NO_GOOD' }],
    ['undefined, in a thenable', () => ({ then: (_: unknown, reject: (error: unknown) => void) => reject(undefined) }), { message: 'undefined' }],
  ])('may throw %s', async (_, handler, stored) => {
    await using bench = await Bench.open({ handler: handler as Handler<unknown, unknown>, ...once })
    const job = await bench.queue.put(1)
    const error: unknown = await job.watch().then(undefined, (thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'ERR_JOB_FAILED', job: { id: job.id, error: stored }, cause: stored })
    expect(error).toHaveProperty('cause', expect.any(Error))
    expect((error as Error).message).toBe(`${job.id} failed: ${String((error as Error).cause)}`)
    await settle()
    expect((await bench.queue.status()).places).toBe(0)
  })

  it.each<[string, unknown]>([
    ['a function', () => 0],
    ['a BigInt', 1n],
    ['an object whose toJSON throws', { toJSON: raise(error) }],
  ])('that returns %s fails the job for good: it has done its work', async (_, result) => {
    await using bench = await Bench.open({ handler: () => result })
    const job = await bench.queue.put(1)
    await expect(job.watch()).rejects.toMatchObject({ job: { attempt: 1, error: { code: 'ERR_NOT_JSON' } } })
  })

  it('that never returns, and has no time, holds its place in sight of everybody until the queue stops without it', async () => {
    await using bench = await Bench.open({ width: 1 })
    const [hung, next] = await bench.queue.putMany([{ arg: 'hung' }, { arg: 'next' }])
    await bench.called(1)
    await bench.advance(1e9)
    const { jobs } = await bench.queue.list({ state: 'underway' })
    expect(jobs.map(({ id, startTime }) => [id, startTime])).toEqual([[hung!.id, NOW]])
    expect(await bench.queue.explain(next!.id)).toMatchObject({ state: 'pending', position: 1, blockedBy: 'width' })
    const stopped = bench.queue.stop({ within: 100 })
    await bench.advance(100)
    await stopped
    expect(bench.calls[0]!.job.signal.aborted).toBe(true)
    await using other = await Bench.open({ store: bench.store, clock: bench.clock, width: 1 })
    await other.called(1)
    expect(other.calls[0]!.job).toMatchObject({ id: hung!.id, attempt: 1 })
  })

  it('is told when its time is over, and the next attempt waits until it has ended', async () => {
    await using bench = await Bench.open({ timeout: 100, retry: { maxAttempts: 2, backoff: [10] } })
    const { id } = await bench.queue.put('slow')
    await bench.called(1)
    await bench.advance(99)
    expect(bench.calls[0]!.job.signal.aborted).toBe(false)
    await bench.advance(1)
    expect(bench.calls[0]!.job.signal.aborted).toBe(true)
    expect(await bench.queue.job(id)).toMatchObject({ state: 'pending', attempt: 1, error: { name: 'TimeoutError', code: 'ERR_TIMEOUT' } })
    expect((await bench.queue.status()).places).toBe(1)
    await bench.advance(1_000)
    expect(bench.calls.length).toBe(1)
    bench.calls[0]!.finish('too late')
    await bench.called(2)
    expect((await bench.queue.job(id)).attempt).toBe(2)
    await bench.advance(100)
    await bench.state(id, 'failed')
    expect(bench.warnings).toEqual([])
  })

  it('that obeys its signal gives its place back at once', async () => {
    await using bench = await Bench.open({
      timeout: 100,
      ...once,
      handler: (_, { signal }) => new Deferred().cancelOn(signal),
    })
    const job = await bench.queue.put(1)
    await settle()
    await bench.advance(100)
    await expect(job.watch()).rejects.toMatchObject({ cause: { name: 'TimeoutError' } })
    await settle()
    expect((await bench.queue.status()).places).toBe(0)
  })

  it('that returned a deferred has it cancelled when its job is', async () => {
    const reasons: unknown[] = []
    await using bench = await Bench.open({ handler: () => new Deferred((_, reason) => reasons.push(reason)) })
    const job = await bench.queue.put(1)
    await settle()
    await job.cancel('enough')
    await settle()
    expect(reasons).toEqual(['enough'])
    expect((await bench.queue.status()).places).toBe(0)
  })
})

describe('progress', () => {
  it('is written at most every 100 ms, and with the end', async () => {
    await using bench = await Bench.open()
    const { id } = await bench.queue.put(1)
    await bench.called(1)
    const { job } = bench.calls[0]!
    for (let i = 0; i < 50; i++) job.report({ i })
    await bench.advance(99)
    expect((await bench.queue.job(id)).progress).toBe(null)
    await bench.advance(1)
    expect((await bench.queue.job(id)).progress).toEqual({ i: 49 })
    job.report('nearly')
    bench.calls[0]!.finish()
    const over = await job.watch()
    expect([over.state, over.progress]).toEqual(['finished', 'nearly'])
    job.report('too late')
    await bench.advance(1_000)
    expect((await bench.queue.job(id)).progress).toBe('nearly')
  })

  it('must be JSON, and is not for a job that one only looks at', async () => {
    await using bench = await Bench.open()
    const put = await bench.queue.put(1)
    await bench.called(1)
    expect(() => bench.calls[0]!.job.report(() => 0)).toThrow(expect.objectContaining({ code: 'ERR_NOT_JSON' }))
    put.report('from outside')
    await bench.advance(200)
    expect((await bench.queue.job(put.id)).progress).toBe(null)
  })
})

describe('a retry', () => {
  /** The attempts of one job, as ms since it was put. */
  const starts = (bench: Bench): number[] => bench.calls.map(({ job }) => job.startTime! - NOW)

  it('comes after the delays of the backoff, the last one repeated, until no attempt is left', async () => {
    await using bench = await Bench.open({ retry: { maxAttempts: 5, backoff: [10, 20.5, 40] } })
    const job = await bench.queue.put(1)
    for (const [attempt, delay] of [10, 21, 40, 40].entries()) {
      await bench.called(attempt + 1)
      bench.calls[attempt]!.fail(new Error(`attempt ${attempt + 1}`))
      await settle()
      expect(await bench.queue.job(job.id)).toMatchObject({ state: 'pending', attempt: attempt + 1, error: { message: `attempt ${attempt + 1}` } })
      await bench.advance(delay)
    }
    await bench.called(5)
    expect(starts(bench)).toEqual([0, 10, 31, 71, 111])
    bench.calls[4]!.fail()
    await expect(job.watch()).rejects.toMatchObject({ job: { attempt: 5, state: 'failed' } })
  })

  it.each([[[]], [[NaN]], [[-5]], [[Infinity]]])('comes at once if the backoff is %o', async (backoff) => {
    await using bench = await Bench.open({ retry: { maxAttempts: 2, backoff } })
    await bench.queue.put(1)
    await bench.called(1)
    bench.calls[0]!.fail()
    await bench.called(2)
  })

  it('that is later than any time there is does no harm', async () => {
    await using bench = await Bench.open({ retry: { maxAttempts: 2, backoff: [1e300] } })
    const { id } = await bench.queue.put(1)
    await bench.called(1)
    bench.calls[0]!.fail()
    expect((await bench.state(id, 'pending')).runAt).toBe(8.64e15)
  })

  it('lets others go first while it waits', async () => {
    await using bench = await Bench.open({ width: 1, retry: { backoff: [50] } })
    await bench.queue.putMany([{ arg: 'a' }, { arg: 'b' }])
    await bench.called(1)
    bench.calls[0]!.fail()
    await bench.called(2)
    bench.calls[1]!.finish()
    await settle()
    await bench.advance(50)
    expect(bench.args).toEqual(['a', 'b', 'a'])
  })

  it('is not made for a Permanent, whose cause is what is kept', async () => {
    await using bench = await Bench.open()
    const job = await bench.queue.put(1)
    await bench.called(1)
    bench.calls[0]!.fail(new Permanent(Object.assign(new RangeError('no such number'), { code: 21_211 })))
    await expect(job.watch()).rejects.toMatchObject({
      job: { attempt: 1, error: { name: 'RangeError', message: 'no such number', code: '21211' } },
    })
  })

  it('of a job that is over begins from the first attempt', async () => {
    await using bench = await Bench.open({ ...once })
    const { id } = await bench.queue.put(1)
    await bench.called(1)
    bench.calls[0]!.fail()
    await bench.state(id, 'failed')
    expect(await bench.queue.retry(id)).toMatchObject({ state: 'pending', attempt: 0, error: null })
    await bench.called(2)
    expect(bench.calls[1]!.job.attempt).toBe(1)
    bench.calls[1]!.finish()
    await bench.state(id, 'finished')
  })
})

describe('RetryAfter', () => {
  it('puts the job back without using up an attempt, and holds the whole queue', async () => {
    await using bench = await Bench.open({ width: 2, ...once })
    const { id } = await bench.queue.put('a')
    await bench.called(1)
    bench.calls[0]!.fail(new RetryAfter(500.2))
    await settle()
    expect(await bench.queue.job(id)).toMatchObject({ state: 'pending', attempt: 0, error: null })
    await bench.queue.putMany([{ arg: 'b', priority: -1 }, { arg: 'c' }])
    expect((await bench.queue.status()).heldUntil).toBe(NOW + 501)
    expect(await bench.queue.explain(id)).toMatchObject({ blockedBy: 'held', position: 2, estimatedStart: NOW + 501 })
    await bench.advance(500)
    expect(bench.args).toEqual(['a'])
    await bench.advance(1)
    expect(bench.args).toEqual(['a', 'b', 'a'])
  })

  it('holds back what another queue object would start', async () => {
    await using bench = await Bench.open({ width: 2 })
    await using other = await Bench.open({ store: bench.store, clock: bench.clock })
    await bench.queue.put('a')
    await settle()
    const [call] = [...bench.calls, ...other.calls]
    call!.fail(new RetryAfter(500))
    await settle()
    await other.queue.put('b')
    await bench.advance(499)
    expect(bench.calls.length + other.calls.length).toBe(1)
    await bench.advance(1)
    expect(bench.calls.length + other.calls.length).toBe(3)
  })

  it.each([0, -5, NaN, Infinity])('takes %d for no time', async (ms) => {
    await using bench = await Bench.open()
    await bench.queue.put(1)
    await bench.called(1)
    bench.calls[0]!.fail(new RetryAfter(ms))
    await bench.called(2)
  })

  it('starts nothing that was claimed in the moment it was thrown', async () => {
    const started: unknown[] = []
    await using bench = await Bench.open({
      width: 3,
      handler: (arg) => {
        started.push(arg)
        throw new RetryAfter(500)
      },
    })
    await bench.queue.putMany([{ arg: 1 }, { arg: 2 }, { arg: 3 }, { arg: 4 }])
    await bench.advance(499)
    expect(started).toEqual([1, 2, 3])
    await bench.queue.clear()
  })
})
