import { memoryStore, type QueueEvent, type QueueOptions } from '@potoroo/queue'
import { describe, expect, it } from 'vitest'
import { Bench, codeOf, NOW, settle } from './bench.ts'

const producer = { handler: undefined } as unknown as Partial<QueueOptions<unknown, unknown>>

describe('watch', () => {
  it('fires with the finished job', async () => {
    await using bench = await Bench.open()
    const job = await bench.queue.put(1)
    const watching = job.watch()
    await bench.called(1)
    bench.calls[0]!.finish({ n: 1 })
    expect(await watching).toMatchObject({ id: job.id, state: 'finished', result: { n: 1 } })
    expect(job.state).toBe('pending')
  })

  it('fires for a job that was over before, however old the look at it is', async () => {
    await using bench = await Bench.open({ handler: () => 'done' })
    const job = await bench.queue.put(1)
    await bench.state(job.id, 'finished')
    expect((await job.watch()).result).toBe('done')
    expect((await (await bench.queue.job(job.id)).watch()).result).toBe('done')
  })

  it('misses nothing when the job ends in the moment it is asked for', async () => {
    await using bench = await Bench.open()
    const job = await bench.queue.put(1)
    await bench.called(1)
    bench.calls[0]!.finish()
    const watching: PromiseLike<unknown>[] = []
    // At every turn from before the end to after it.
    for (let turn = 0; turn < 30; turn++) {
      watching.push(job.watch())
      await Promise.resolve()
    }
    for (const each of watching) expect(await each).toMatchObject({ state: 'finished' })
  })

  it('is told whichever queue object did the job, also of a producer', async () => {
    await using bench = await Bench.open({ ...producer })
    await using other = await Bench.open({ store: bench.store, clock: bench.clock })
    const watching = (await bench.queue.put(1)).watch()
    await other.called(1)
    other.calls[0]!.finish('elsewhere')
    expect((await watching).result).toBe('elsewhere')
  })

  it('waits through retries, and through a restart', async () => {
    const store = memoryStore()
    let id: string
    {
      await using bench = await Bench.open({ store, retry: { backoff: [100] } })
      id = (await bench.queue.put(1)).id
      await bench.called(1)
      bench.calls[0]!.fail()
      await settle()
    }
    await using bench = await Bench.open({ store })
    const watching = (await bench.queue.job(id)).watch()
    await bench.advance(100)
    await bench.called(1)
    bench.calls[0]!.finish()
    expect((await watching).attempt).toBe(2)
  })

  it('on an old look at a job does not tell those who wait for what comes of its retry', async () => {
    await using bench = await Bench.open({ retry: { maxAttempts: 1 } })
    const { id } = await bench.queue.put(1)
    await bench.called(1)
    bench.calls[0]!.fail()
    const failed = await bench.state(id, 'failed')
    const watching = (await bench.queue.retry(id)).watch()
    expect(await codeOf(failed.watch())).toBe('ERR_JOB_FAILED')
    await bench.called(2)
    bench.calls[1]!.finish('better')
    expect((await watching).result).toBe('better')
  })

  it('fails for a job that is not there any more', async () => {
    await using bench = await Bench.open({ handler: () => 'done', keep: { finished: 1_000 } })
    const job = await bench.queue.put(1)
    await bench.state(job.id, 'finished')
    await bench.advance(20)
    await bench.advance(60_000)
    expect(await codeOf(job.watch())).toBe('ERR_JOB_NOT_FOUND')
  })

  it('can be given up by one without the others noticing', async () => {
    await using bench = await Bench.open()
    const job = await bench.queue.put(1)
    const [first, second] = [job.watch(), job.watch()]
    first.cancel()
    expect(await codeOf(first)).toBe('ERR_CANCELLED')
    await bench.called(1)
    bench.calls[0]!.finish()
    expect((await second).state).toBe('finished')
  })

  it('fails when the queue object is stopped, before and after', async () => {
    await using bench = await Bench.open(producer)
    const job = await bench.queue.put(1)
    const watching = job.watch()
    await settle()
    await bench.queue.stop()
    expect(await codeOf(watching)).toBe('ERR_QUEUE_STOPPED')
    expect(await codeOf(job.watch())).toBe('ERR_QUEUE_STOPPED')
  })
})

describe('events', () => {
  const shown = (event: QueueEvent): string => (event.type === 'job' ? `${String(event.job.arg)} ${event.job.state}` : 'queue')

  it('tell each change of a job, and the queue as it stands', async () => {
    await using bench = await Bench.open()
    const seen: string[] = []
    const stop = bench.queue.observe((event) => seen.push(shown(event)))
    await bench.queue.put('a')
    await bench.called(1)
    bench.calls[0]!.finish()
    await settle()
    expect(seen.filter((each) => each !== 'queue')).toEqual(['a pending', 'a underway', 'a finished'])
    stop()
    await bench.queue.put('b')
    await settle()
    expect(seen.some((each) => each.startsWith('b'))).toBe(false)
  })

  it('end with the queue as it is, however many commits there were', async () => {
    await using bench = await Bench.open({ width: 2 })
    let last: QueueEvent | undefined
    bench.queue.observe((event) => {
      if (event.type === 'queue') last = event
    })
    for (let i = 0; i < 20; i++) {
      void bench.queue.put(i)
      if (i % 3 === 0) await Promise.resolve()
      if (i % 7 === 0) void bench.queue.setWidth(i)
    }
    await settle()
    expect(last).toEqual({ type: 'queue', status: await bench.queue.status() })
  })

  it('come as an async iterator, which ends when the queue is stopped', async () => {
    await using bench = await Bench.open({ handler: () => 'done' })
    const seen: string[] = []
    const reading = (async () => {
      for await (const event of bench.queue.events()) if (event.type === 'job') seen.push(shown(event))
    })()
    await (await bench.queue.put('a')).watch()
    await settle()
    await bench.queue.stop()
    await reading
    expect(seen).toEqual(['a pending', 'a underway', 'a finished'])
    for await (const event of bench.queue.events()) throw new Error(`There is nothing to tell any more, but ${event.type}`)
  })

  it('give a slow reader the latest of each job only', async () => {
    await using bench = await Bench.open({ width: 1 })
    const events = bench.queue.events()
    const jobs = await bench.queue.putMany([{ arg: 'a' }, { arg: 'b' }])
    for (let priority = 0; priority < 50; priority++) await jobs[1]!.reprioritize(priority)
    await settle()
    const waiting: string[] = []
    for (let i = 0; i < 3; i++) {
      const { value } = await events.next()
      waiting.push(value.type === 'job' ? `${value.job.arg} ${value.job.state} ${value.job.priority}` : 'queue')
    }
    expect(waiting.sort()).toEqual(['a underway 0', 'b pending 49', 'queue'])
    await events.return!()
    expect(await events.next()).toEqual({ done: true, value: undefined })
  })

  it('whose listener throws are told to the others all the same', async () => {
    await using bench = await Bench.open(producer)
    let heard = 0
    bench.queue.observe(() => {
      throw new Error('a broken listener')
    })
    bench.queue.observe(() => heard++)
    await bench.queue.put(1)
    await settle()
    expect(heard).toBeGreaterThan(0)
    expect(bench.warnings[0]?.message).toBe('a broken listener')
  })
})

describe('retention', () => {
  it('deletes jobs when they have been over for long enough', async () => {
    await using bench = await Bench.open({ keep: { finished: 100_000, failed: 200_000 }, retry: { maxAttempts: 1 } })
    const [good, bad, open] = await bench.queue.putMany([{ arg: 'good' }, { arg: 'bad' }, { arg: 'open' }])
    await bench.called(3)
    bench.calls[0]!.finish()
    bench.calls[1]!.fail()
    await bench.state(bad!.id, 'failed')
    await bench.advance(20)
    const gone: Record<string, number> = {}
    for (let minutes = 1; minutes <= 5; minutes++) {
      await bench.advance(60_000)
      for (const { id, arg } of [good!, bad!, open!]) {
        if ((await codeOf(bench.queue.job(id))) === 'ERR_JOB_NOT_FOUND') gone[String(arg)] ??= bench.clock.now() - NOW
      }
    }
    expect(gone).toEqual({ good: 120_020, bad: 240_020 })
  })
})
