import { KEPT_LINES, LINE_LENGTH, Permanent, RetryAfter } from '@potoroo/queue'
import { describe, expect, it } from 'vitest'
import { Bench, codeOf, NOW, settle } from './bench.ts'

describe('the attempts of a job', () => {
  it('are none before it starts, then the one underway, then the one that finished it', async () => {
    await using bench = await Bench.open({ width: 0 })
    const job = await bench.queue.put('a')
    expect(await job.history()).toEqual({ attempts: [], log: [] })
    await bench.queue.setWidth(1)
    await bench.called(1)
    const first = { attempt: 1, startTime: NOW, stopTime: null, outcome: null, error: null }
    expect((await job.history()).attempts).toEqual([first])
    bench.clock.advance(5)
    bench.calls[0]!.finish()
    await job.watch()
    expect((await job.history()).attempts).toEqual([{ ...first, stopTime: NOW + 5, outcome: 'finished' }])
  })

  it('are kept with what each failed with, from before a restart, and after a retry too', async () => {
    await using bench = await Bench.open({ retry: { maxAttempts: 2, backoff: [10] } })
    const job = await bench.queue.put('a')
    await bench.called(1)
    bench.clock.advance(3)
    bench.calls[0]!.fail(Object.assign(new RangeError('busy'), { code: 'EBUSY' }))
    await settle()
    await bench.advance(10)
    await bench.called(2)
    bench.calls[1]!.fail(new Permanent(new Error('no such number')))
    await bench.state(job.id, 'failed')
    await bench.queue.retry(job.id)
    await bench.called(3)
    const error = (name: string, message: string, code: string | null = null) => ({ name, message, code })
    const failed = { outcome: 'failed' } as const
    expect((await bench.queue.history(job.id)).attempts).toEqual([
      { ...failed, attempt: 1, startTime: NOW, stopTime: NOW + 3, error: error('RangeError', 'busy', 'EBUSY') },
      { ...failed, attempt: 2, startTime: NOW + 13, stopTime: NOW + 13, error: error('Error', 'no such number') },
      { attempt: 1, startTime: NOW + 13, stopTime: null, outcome: null, error: null },
    ])
  })

  it('say when one was cancelled, and when one ran out of time', async () => {
    await using bench = await Bench.open({ retry: { maxAttempts: 1 } })
    const [cancelled, late] = await bench.queue.putMany([{ arg: 'a' }, { arg: 'b', timeout: 50 }])
    await bench.called(2)
    await cancelled!.cancel('enough')
    await bench.advance(50)
    expect((await cancelled!.history()).attempts).toMatchObject([{ outcome: 'cancelled', stopTime: NOW, error: { message: 'enough' } }])
    expect((await late!.history()).attempts).toMatchObject([{ outcome: 'failed', stopTime: NOW + 50, error: { name: 'TimeoutError' } }])
  })

  it('tell of a result that is no JSON, too', async () => {
    await using bench = await Bench.open({ handler: () => 1n })
    const job = await bench.queue.put('a')
    await bench.state(job.id, 'failed')
    expect((await job.history()).attempts).toMatchObject([{ outcome: 'failed', error: { code: 'ERR_NOT_JSON' } }])
  })

  it('do not count those that were given back', async () => {
    await using bench = await Bench.open()
    const job = await bench.queue.put('a')
    await bench.called(1)
    bench.calls[0]!.fail(new RetryAfter(10))
    await settle()
    expect((await job.history()).attempts).toEqual([])
  })

  it('of a job that is not there: ERR_JOB_NOT_FOUND', async () => {
    await using bench = await Bench.open()
    expect(await codeOf(bench.queue.history('nobody'))).toBe('ERR_JOB_NOT_FOUND')
  })
})

describe('the log of a job', () => {
  it('is written at most every 100 ms while the handler is at work, and at its end', async () => {
    await using bench = await Bench.open()
    const job = await bench.queue.put('a')
    await bench.called(1)
    const own = bench.calls[0]!.job
    own.log('one')
    own.log('two')
    await settle()
    expect((await job.history()).log).toEqual([])
    await bench.advance(100)
    expect((await job.history()).log).toEqual([
      { time: NOW, attempt: 1, message: 'one' },
      { time: NOW, attempt: 1, message: 'two' },
    ])
    own.log('three')
    own.report(0.5)
    bench.calls[0]!.finish()
    await job.watch()
    expect((await job.history()).log.map(({ message }) => message)).toEqual(['one', 'two', 'three'])
    expect((await bench.queue.job(job.id)).progress).toBe(0.5)
  })

  it('goes on through the attempts, and with a handler that goes on though its job was cancelled or timed out', async () => {
    await using bench = await Bench.open({ retry: { backoff: [0] } })
    const job = await bench.queue.put('a')
    await bench.called(1)
    bench.calls[0]!.job.log('first')
    bench.calls[0]!.fail()
    await settle()
    await bench.advance(1)
    await bench.called(2)
    await job.cancel()
    bench.calls[1]!.job.log('stopping')
    await bench.advance(100)
    bench.calls[1]!.job.log('stopped')
    bench.calls[1]!.finish()
    await settle()
    bench.calls[1]!.job.log('nobody hears this')
    await bench.advance(100)
    expect((await job.history()).log.map(({ attempt, message }) => `${attempt} ${message}`)).toEqual(['1 first', '2 stopping', '2 stopped'])
    expect(bench.warnings).toEqual([])
  })

  it('has room for so many lines of such a length, and the oldest make way', async () => {
    await using bench = await Bench.open()
    const job = await bench.queue.put('a')
    await bench.called(1)
    for (let i = 0; i < 10_000; i++) bench.calls[0]!.job.log(`${i} ${'x'.repeat(2_000)}`)
    bench.calls[0]!.finish()
    await job.watch()
    const { log } = await job.history()
    expect(log.length).toBe(KEPT_LINES)
    expect(log[0]!.message.slice(0, 6)).toBe(`${10_000 - KEPT_LINES} x`)
    expect(log.at(-1)!.message).toHaveLength(LINE_LENGTH)
    expect(log.at(-1)!.message.at(-1)).toBe('…')
  })

  it('takes whatever is logged as text', async () => {
    await using bench = await Bench.open()
    const job = await bench.queue.put('a')
    await bench.called(1)
    for (const message of [7, null, new Error('odd')]) bench.calls[0]!.job.log(message as unknown as string)
    bench.calls[0]!.finish()
    await job.watch()
    expect((await job.history()).log.map(({ message }) => message)).toEqual(['7', 'null', 'Error: odd'])
  })

  it('of a job that is not this process’s to run takes nothing', async () => {
    await using bench = await Bench.open({ width: 0 })
    const job = await bench.queue.put('a')
    job.log('from outside')
    await bench.advance(200)
    expect((await job.history()).log).toEqual([])
  })
})
