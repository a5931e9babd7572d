import { memoryStore, openQueue, type QueueOptions } from '@potoroo/queue'
import { Deferred } from 'potoroo'
import { describe, expect, it } from 'vitest'
import { Bench, codeOf, settle } from './bench.ts'

const producer = { handler: undefined } as unknown as Partial<QueueOptions<unknown, unknown>>

describe('stop', () => {
  it('waits for what is underway, starts nothing more, and leaves the rest in the store', async () => {
    const store = memoryStore()
    {
      await using bench = await Bench.open({ store, width: 1 })
      await bench.queue.putMany([{ arg: 'a' }, { arg: 'b' }])
      await bench.called(1)
      const stopped = bench.queue.stop()
      expect(bench.queue.stopped).toBe(true)
      await settle()
      expect(stopped.called).toBe(false)
      bench.calls[0]!.finish()
      await stopped
      expect(bench.args).toEqual(['a'])
    }
    await using bench = await Bench.open({ store })
    await bench.called(1)
    expect(bench.args).toEqual(['b'])
    expect((await bench.queue.counts()).finished).toBe(1)
  })

  it('starts nothing that was claimed in the moment it was asked for', async () => {
    await using bench = await Bench.open()
    const put = bench.queue.put('a')
    const stopped = bench.queue.stop()
    const { id } = await put
    await stopped
    expect(bench.calls.length).toBe(0)
    await using other = await Bench.open({ ...producer, store: bench.store, clock: bench.clock })
    expect(await other.queue.job(id)).toMatchObject({ state: 'pending', attempt: 0 })
  })

  it('with cancelUnderway aborts the handlers, and puts their jobs back without counting the attempt', async () => {
    await using bench = await Bench.open({ handler: (_, { signal }) => new Deferred().cancelOn(signal) })
    const { id } = await bench.queue.put(1)
    await bench.state(id, 'underway')
    await bench.queue.stop({ cancelUnderway: true })
    await using other = await Bench.open({ ...producer, store: bench.store, clock: bench.clock })
    expect(await other.queue.job(id)).toMatchObject({ state: 'pending', attempt: 0, error: null, attemptToken: null })
    expect((await other.queue.status()).places).toBe(0)
  })

  it('waits a while for handlers that do not listen, and then goes without them', async () => {
    await using bench = await Bench.open()
    const { id } = await bench.queue.put(1)
    await bench.called(1)
    const stopped = bench.queue.stop({ cancelUnderway: true })
    await settle()
    expect([bench.calls[0]!.job.signal.aborted, stopped.called]).toEqual([true, false])
    await bench.advance(5_000)
    await stopped
    expect(bench.clock.pendingTimers).toBe(0)
    await using other = await Bench.open({ ...producer, store: bench.store, clock: bench.clock })
    expect(await other.queue.job(id)).toMatchObject({ state: 'pending', attempt: 0 })
    // What the handler says after all goes nowhere.
    bench.calls[0]!.finish()
    await settle()
    expect(await other.queue.job(id)).toMatchObject({ state: 'pending', attempt: 0 })
    expect(bench.warnings).toEqual([])
  })

  it('with `within` puts back what is underway when that time is over', async () => {
    await using bench = await Bench.open({ width: 2 })
    const [a, b] = await bench.queue.putMany([{ arg: 'a' }, { arg: 'b' }])
    await bench.called(2)
    const stopped = bench.queue.stop({ within: 1_000 })
    bench.calls[0]!.finish()
    await bench.advance(999)
    expect([bench.calls[1]!.job.signal.aborted, stopped.called]).toEqual([false, false])
    await bench.advance(1)
    expect(bench.calls[1]!.job.signal.aborted).toBe(true)
    await stopped
    await using other = await Bench.open({ ...producer, store: bench.store, clock: bench.clock })
    expect(await other.queue.job(a!.id)).toMatchObject({ state: 'finished' })
    expect(await other.queue.job(b!.id)).toMatchObject({ state: 'pending', attempt: 0 })
    expect(bench.warnings).toEqual([])
  })

  it('takes its timer down when all is done before', async () => {
    await using bench = await Bench.open()
    await bench.queue.put(1)
    await bench.called(1)
    const stopped = bench.queue.stop({ within: 1_000 })
    bench.calls[0]!.finish()
    await stopped
    expect(bench.clock.pendingTimers).toBe(0)
  })

  it('can be called again, to wait as well or to hurry it', async () => {
    await using bench = await Bench.open()
    await bench.queue.put(1)
    await bench.called(1)
    const first = bench.queue.stop()
    const second = bench.queue.stop({ within: 10_000 })
    const third = bench.queue.stop()
    third.cancel()
    expect(await codeOf(third)).toBe('ERR_CANCELLED')
    await settle()
    expect([first.called, second.called]).toEqual([false, false])
    const fourth = bench.queue.stop({ within: 10 })
    await bench.advance(10)
    for (const stopped of [first, second, fourth]) await stopped
    await bench.queue.stop({ cancelUnderway: true })
  })

  it('waits for the handlers of jobs that were cancelled or ran out of time, too', async () => {
    await using bench = await Bench.open({ width: 2, retry: { maxAttempts: 1 } })
    const [a] = await bench.queue.putMany([{ arg: 'a' }, { arg: 'b', timeout: 10 }])
    await bench.called(2)
    await a!.cancel()
    await bench.advance(10)
    const stopped = bench.queue.stop()
    await settle()
    expect(stopped.called).toBe(false)
    for (const call of bench.calls) call.finish()
    await stopped
  })

  it('of a paused queue, or one of width 0, is no different', async () => {
    await using bench = await Bench.open({ width: 0 })
    await bench.queue.put(1)
    await bench.queue.pause()
    await bench.queue.stop()
  })

  it('leaves no command pending: all that was asked for is answered, or refused', async () => {
    await using bench = await Bench.open({ width: 1 })
    const job = await bench.queue.put('a')
    await bench.queue.put('b')
    await bench.called(1)
    const events = bench.queue.events()
    const asked = {
      watch: job.watch(),
      idle: bench.queue.idle(),
      pause: bench.queue.pause(),
      put: bench.queue.put('c'),
      list: bench.queue.list(),
      clear: bench.queue.clear(),
      missing: bench.queue.cancel('nobody'),
    }
    const stopped = bench.queue.stop({ within: 100 })
    const late = bench.queue.put('d')
    await bench.advance(100)
    await stopped
    const codes: Record<string, unknown> = {}
    for (const [name, each] of Object.entries(asked)) codes[name] = await codeOf(each as PromiseLike<unknown>)
    const fine = 'It did not fail'
    expect(codes).toEqual({
      watch: 'ERR_QUEUE_STOPPED',
      idle: fine,
      pause: fine,
      put: fine,
      list: fine,
      clear: fine,
      missing: 'ERR_JOB_NOT_FOUND',
    })
    expect(await codeOf(late)).toBe('ERR_QUEUE_STOPPED')
    while (!(await events.next()).done);
    for (const act of [
      () => bench.queue.put(1),
      () => bench.queue.putMany([]),
      () => bench.queue.job(job.id),
      () => bench.queue.list(),
      () => bench.queue.counts(),
      () => bench.queue.cancel(job.id),
      () => bench.queue.retry(job.id),
      () => bench.queue.explain(job.id),
      () => bench.queue.clear(),
      () => bench.queue.setWidth(1),
      () => bench.queue.pause(),
      () => bench.queue.resume(),
      () => bench.queue.idle(),
    ]) {
      expect(await codeOf(act())).toBe('ERR_QUEUE_STOPPED')
    }
  })

  it('is what `await using` does', async () => {
    const store = memoryStore()
    let queue
    {
      await using opened = await openQueue<string>({ name: 'q', store, width: 0, handler: () => 0 })
      queue = opened
      await queue.put('a')
    }
    expect(queue.stopped).toBe(true)
  })

  it('leaves nothing running, whatever was going on', async () => {
    await using bench = await Bench.open({ width: 4, retry: { backoff: [50] }, rate: { limit: 9, per: 1_000 } })
    await bench.queue.putMany(Array.from({ length: 20 }, (_, arg) => ({ arg, delay: arg % 3 ? 0 : 10_000, timeout: 500 })))
    await bench.called(4)
    bench.calls[0]!.job.report(1)
    bench.calls[1]!.fail()
    bench.calls[2]!.finish()
    await bench.advance(20)
    const stopped = bench.queue.stop({ within: 30 })
    await bench.advance(30)
    await stopped
    expect(bench.clock.pendingTimers).toBe(0)
  })
})

describe('a million-fold use in small', () => {
  it('leaves nothing behind for each job', async () => {
    await using bench = await Bench.open({
      width: 50,
      retry: { maxAttempts: 2, backoff: [1] },
      timeout: 1_000,
      handler: (arg, job) => {
        job.report(arg)
        if (Number(arg) % 3 === 0 && job.attempt === 1) throw new Error('at first')
        if (Number(arg) % 5 === 0) return () => 'nonsense'
        return job.signal.aborted
      },
    })
    const timers = bench.clock.pendingTimers
    await bench.queue.putMany(Array.from({ length: 2_000 }, (_, arg) => ({ arg })))
    const idle = bench.queue.idle()
    for (let i = 0; i < 500 && idle.peek().status === 'pending'; i++) await bench.advance(1)
    await idle
    await bench.advance(200)
    expect(await bench.queue.counts()).toMatchObject({ finished: 1_600, failed: 400 })
    expect(bench.clock.pendingTimers).toBe(timers)
  })
})
