import { Deferred } from 'potoroo'
import { describe, expect, it } from 'vitest'
import { Bench, codeOf, NOW, settle } from './bench.ts'

describe('cancelling', () => {
  it('a pending job keeps it from ever starting', async () => {
    await using bench = await Bench.open({ width: 1 })
    const [, job] = await bench.queue.putMany([{ arg: 'a' }, { arg: 'b' }, { arg: 'c' }])
    await bench.called(1)
    const watching = job!.watch()
    const cancelled = await job!.cancel(new Error('no longer wanted'))
    expect(cancelled).toMatchObject({ state: 'cancelled', stopTime: NOW, error: { message: 'no longer wanted' } })
    await expect(watching).rejects.toMatchObject({ code: 'ERR_JOB_CANCELLED', job: { id: job!.id }, cause: { message: 'no longer wanted' } })
    bench.calls[0]!.finish()
    await bench.called(2)
    expect(bench.args).toEqual(['a', 'c'])
  })

  it('a delayed job, and one that waits for another attempt, too', async () => {
    await using bench = await Bench.open({ retry: { backoff: [100] } })
    const retried = await bench.queue.put('retried')
    const delayed = await bench.queue.put('delayed', { delay: 100 })
    await bench.called(1)
    bench.calls[0]!.fail()
    await settle()
    await bench.queue.cancel(retried.id)
    await bench.queue.cancel(delayed.id)
    await bench.advance(1_000)
    expect(bench.calls.length).toBe(1)
    expect(await bench.queue.counts()).toMatchObject({ pending: 0, cancelled: 2 })
  })

  it('a job underway aborts its signal, with the reason', async () => {
    await using bench = await Bench.open()
    const { id } = await bench.queue.put(1)
    await bench.called(1)
    const { signal } = bench.calls[0]!.job
    expect(signal.aborted).toBe(false)
    expect(await bench.queue.cancel(id, 'enough')).toMatchObject({ state: 'cancelled', error: { message: 'enough' } })
    expect([signal.aborted, signal.reason]).toEqual([true, 'enough'])
  })

  it('a job underway keeps its place taken until its handler has ended, and its result is ignored', async () => {
    await using bench = await Bench.open({ width: 1 })
    const [job] = await bench.queue.putMany([{ arg: 'a' }, { arg: 'b' }])
    await bench.called(1)
    await job!.cancel()
    await settle()
    expect([bench.calls.length, (await bench.queue.status()).places]).toEqual([1, 1])
    bench.calls[0]!.finish('too late')
    await bench.called(2)
    expect(await bench.queue.job(job!.id)).toMatchObject({ state: 'cancelled', result: undefined })
    expect(bench.warnings).toEqual([])
  })

  it('and what its handler throws then is ignored, too', async () => {
    await using bench = await Bench.open({ width: 1 })
    const job = await bench.queue.put('a')
    await bench.called(1)
    await job.cancel()
    bench.calls[0]!.fail()
    await settle()
    expect(await bench.queue.job(job.id)).toMatchObject({ state: 'cancelled', error: null })
    expect((await bench.queue.status()).places).toBe(0)
  })

  it('by its own handler ends the job as cancelled', async () => {
    await using bench = await Bench.open({
      handler: async (_, job) => {
        await job.cancel('by itself')
        return 'a result'
      },
    })
    const job = await bench.queue.put(1)
    expect(await codeOf(job.watch())).toBe('ERR_JOB_CANCELLED')
    await settle()
    expect((await bench.queue.status()).places).toBe(0)
  })

  it('works from another queue object on the same store', async () => {
    await using bench = await Bench.open()
    await using other = await Bench.open({ store: bench.store, clock: bench.clock, handler: () => new Deferred(), localWidth: 0 })
    const { id } = await bench.queue.put(1)
    await bench.called(1)
    await other.queue.cancel(id)
    expect(bench.calls[0]!.job.signal.aborted).toBe(true)
  })

  it('is refused when the job is over', async () => {
    await using bench = await Bench.open({ handler: () => 'done' })
    const job = await (await bench.queue.put(1)).watch()
    expect(await codeOf(job.cancel())).toBe('ERR_JOB_OVER')
    expect(await codeOf(bench.queue.retry(job.id))).toBe('ERR_JOB_NOT_OVER')
  })

  it('and retrying starts a new attempt only when the handler of the first has ended', async () => {
    await using bench = await Bench.open()
    const { id } = await bench.queue.put(1)
    await bench.called(1)
    await bench.queue.cancel(id)
    await bench.queue.retry(id)
    await settle()
    expect(bench.calls.length).toBe(1)
    bench.calls[0]!.finish('of the first')
    await bench.called(2)
    bench.calls[1]!.finish('of the second')
    expect((await bench.state(id, 'finished')).result).toBe('of the second')
  })

  it('a job put with a key lets the key be used again', async () => {
    await using bench = await Bench.open({ width: 0 })
    const first = await bench.queue.put(1, { key: 'k' })
    await first.cancel()
    const second = await bench.queue.put(2, { key: 'k' })
    expect(second.id).not.toBe(first.id)
    expect(await codeOf(bench.queue.retry(first.id))).toBe('ERR_JOB_KEY_TAKEN')
  })

  it('the deferred of a put does not take the job back: it is on its way', async () => {
    await using bench = await Bench.open({ width: 0 })
    const put = bench.queue.put(1)
    put.cancel()
    expect(await codeOf(put)).toBe('ERR_CANCELLED')
    await settle()
    expect((await bench.queue.counts()).pending).toBe(1)
  })
})
