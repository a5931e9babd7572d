import { memoryStore, type QueueOptions } from '@potoroo/queue'
import { describe, expect, it, vi } from 'vitest'
import { Bench, codeOf, NOW, settle } from './bench.ts'

const many = (n: number): { arg: number }[] => Array.from({ length: n }, (_, arg) => ({ arg }))
const producer = { handler: undefined } as unknown as Partial<QueueOptions<unknown, unknown>>

describe('the order', () => {
  it('is by priority, and first come first served among equals', async () => {
    await using bench = await Bench.open({ width: 1 })
    await bench.queue.putMany([{ arg: 'a' }, { arg: 'b', priority: 1 }, { arg: 'c', priority: -1 }, { arg: 'd' }])
    for (let i = 0; i < 4; i++) {
      await bench.called(i + 1)
      bench.calls[i]!.finish()
    }
    expect(bench.args).toEqual(['c', 'a', 'd', 'b'])
  })

  it('can be changed for what is pending', async () => {
    await using bench = await Bench.open({ width: 1 })
    const jobs = await bench.queue.putMany([{ arg: 'running' }, { arg: 'b' }, { arg: 'c' }])
    await bench.called(1)
    expect((await jobs[2]!.reprioritize(-1)).priority).toBe(-1)
    expect(await codeOf(bench.queue.reprioritize(jobs[2]!.id, NaN))).toBe('ERR_INVALID_PRIORITY')
    expect(await codeOf(jobs[0]!.reprioritize(-1))).toBe('ERR_JOB_NOT_PENDING')
    bench.calls[0]!.finish()
    await bench.called(2)
    expect(bench.args).toEqual(['running', 'c'])
  })
})

describe('the width', () => {
  it('limits what is underway, and can be raised and lowered', async () => {
    await using bench = await Bench.open({ width: 2 })
    await bench.queue.putMany(many(10))
    await bench.called(2)
    await bench.queue.setWidth(4)
    await bench.called(4)
    await bench.queue.setWidth(1)
    for (const call of bench.calls.slice(0, 3)) call.finish()
    await settle()
    expect(bench.calls.length).toBe(4)
    bench.calls[3]!.finish()
    await bench.called(5)
  })

  it('may be 0, and back', async () => {
    await using bench = await Bench.open({ width: 0 })
    await bench.queue.putMany(many(3))
    await settle()
    expect(bench.calls.length).toBe(0)
    await bench.queue.setWidth(2)
    await bench.called(2)
    await bench.queue.setWidth(0)
    bench.calls[0]!.finish()
    await settle()
    expect(bench.calls.length).toBe(2)
    await bench.queue.setWidth(2)
    await bench.called(3)
  })

  it('is for all queues on a store together', async () => {
    await using bench = await Bench.open({ width: 3 })
    await using other = await Bench.open({ store: bench.store, clock: bench.clock })
    await bench.queue.putMany(many(10))
    await settle()
    expect(bench.calls.length + other.calls.length).toBe(3)
    for (const call of [...bench.calls, ...other.calls]) call.finish()
    await settle()
    expect(bench.calls.length + other.calls.length).toBe(6)
  })

  it('of this process is a limit of its own', async () => {
    await using bench = await Bench.open({ width: 5, localWidth: 2 })
    await using other = await Bench.open({ store: bench.store, clock: bench.clock, localWidth: 1 })
    await bench.queue.putMany(many(10))
    await settle()
    expect([bench.calls.length, other.calls.length]).toEqual([2, 1])
  })

  it('may be without limit, if this process has one', async () => {
    await using bench = await Bench.open({ width: Infinity, localWidth: 3 })
    await bench.queue.putMany(many(5))
    await bench.called(3)
    expect((await bench.queue.status()).width).toBe(Infinity)
  })

  it('that is set stays until another is declared', async () => {
    const store = memoryStore()
    const width = async (options: object): Promise<number> => {
      await using bench = await Bench.open({ ...(producer as object), store, ...options })
      return (await bench.queue.status()).width
    }
    expect(await width({ width: 5 })).toBe(5)
    {
      await using bench = await Bench.open({ store, width: 5 })
      await bench.queue.setWidth(8)
    }
    expect(await width({ width: 5 })).toBe(8)
    expect(await width({})).toBe(8)
    expect(await width({ width: 6 })).toBe(6)
    expect(await width({ width: 5 })).toBe(5)
  })

  it('that is lowered lets nothing start that had not started, in the same moment too', async () => {
    await using bench = await Bench.open({ width: 5 })
    const put = bench.queue.putMany(many(5))
    const set = bench.queue.setWidth(1)
    await put
    await set
    await settle()
    expect(bench.calls.length).toBe(1)
    expect((await bench.queue.counts()).underway).toBe(1)
    expect((await bench.queue.list({ state: 'pending' })).jobs.map(({ attempt }) => attempt)).toEqual([0, 0, 0, 0])
  })
})

describe('the rate', () => {
  it('is kept to, and starts what it can as soon as it can', async () => {
    await using bench = await Bench.open({ width: 100, rate: { limit: 3, per: 1_000 } })
    await bench.queue.putMany(many(8))
    await bench.called(3)
    await bench.advance(999)
    expect(bench.calls.length).toBe(3)
    await bench.advance(2)
    expect(bench.calls.length).toBe(6)
    await bench.advance(1_001)
    expect(bench.calls.length).toBe(8)
  })

  it('can be changed, and taken away', async () => {
    await using bench = await Bench.open({ width: 100, rate: { limit: 1, per: 1_000 } })
    await bench.queue.putMany(many(8))
    await bench.called(1)
    await bench.queue.setRate({ limit: 3, per: 1_000 })
    await bench.called(3)
    await bench.queue.setRate(undefined)
    await bench.called(8)
    expect((await bench.queue.status()).rate).toBe(null)
  })

  it('that is set stays until another is declared', async () => {
    const store = memoryStore()
    const rate = { limit: 1, per: 1_000 }
    const faster = { limit: 9, per: 1_000 }
    {
      await using bench = await Bench.open({ store, rate })
      await bench.queue.setRate(faster)
    }
    {
      await using bench = await Bench.open({ store, rate: { per: 1_000, limit: 1 } })
      expect((await bench.queue.status()).rate).toEqual(faster)
    }
    await using bench = await Bench.open({ store, rate: null })
    expect((await bench.queue.status()).rate).toBe(null)
  })

  it('is for all queues on a store together', async () => {
    await using bench = await Bench.open({ width: 9, rate: { limit: 3, per: 1_000 } })
    await using other = await Bench.open({ store: bench.store, clock: bench.clock })
    await bench.queue.putMany(many(10))
    await settle()
    expect(bench.calls.length + other.calls.length).toBe(3)
    await bench.advance(1_001)
    expect(bench.calls.length + other.calls.length).toBe(6)
  })
})

describe('pausing', () => {
  it('starts nothing more, and fires when nothing is underway', async () => {
    await using bench = await Bench.open({ width: 2 })
    await bench.queue.putMany(many(4))
    await bench.called(2)
    const paused = bench.queue.pause()
    bench.calls[0]!.finish()
    await settle()
    expect([paused.peek().status, bench.calls.length]).toEqual(['pending', 2])
    bench.calls[1]!.finish()
    await paused
    await settle()
    expect(bench.calls.length).toBe(2)
    await bench.queue.resume()
    await bench.called(4)
  })

  it('fires at once if nothing is underway', async () => {
    await using bench = await Bench.open()
    await bench.queue.pause()
    expect((await bench.queue.status()).paused).toBe(true)
  })

  it('fires when it is resumed before', async () => {
    await using bench = await Bench.open()
    await bench.queue.put(1)
    await bench.called(1)
    const paused = bench.queue.pause()
    await bench.queue.resume()
    await paused
  })

  it('waits for a handler whose job was cancelled, too', async () => {
    await using bench = await Bench.open()
    const job = await bench.queue.put(1)
    await bench.called(1)
    await job.cancel()
    const paused = bench.queue.pause()
    await settle()
    expect(paused.peek().status).toBe('pending')
    bench.calls[0]!.finish()
    await paused
  })

  it('holds from the moment it was asked for', async () => {
    // However slow the machine is: all that is asked for in this moment goes into one commit.
    using _now = vi.spyOn(performance, 'now').mockReturnValue(0)
    await using bench = await Bench.open()
    const put = bench.queue.put(1)
    const paused = bench.queue.pause()
    await put
    await paused
    await settle()
    expect(bench.calls.length).toBe(0)
    expect(await bench.queue.counts()).toMatchObject({ pending: 1, underway: 0 })
  })

  it('keeps delayed jobs and those to be retried, until it is resumed', async () => {
    await using bench = await Bench.open({ retry: { backoff: [100] } })
    await bench.queue.put('retried')
    await bench.called(1)
    bench.calls[0]!.fail()
    await settle()
    await bench.queue.pause()
    await bench.queue.put('delayed', { delay: 50 })
    await bench.advance(1_000)
    expect(bench.calls.length).toBe(1)
    await bench.queue.resume()
    await bench.called(3)
    expect(bench.args).toEqual(['retried', 'delayed', 'retried'])
  })

  it('outlives the queue object, and is resumed with a new width', async () => {
    await using bench = await Bench.open({ width: 1 })
    await bench.queue.pause()
    await using other = await Bench.open({ store: bench.store, clock: bench.clock })
    await other.queue.putMany(many(3))
    await settle()
    expect(other.calls.length).toBe(0)
    await other.queue.resume(3)
    await settle()
    expect(bench.calls.length + other.calls.length).toBe(3)
    expect(await codeOf(other.queue.resume(-1))).toBe('ERR_INVALID_WIDTH')
  })
})

describe('idle', () => {
  it('fires at once if there is nothing', async () => {
    await using bench = await Bench.open()
    await bench.queue.idle()
  })

  it('fires when everything is done, delayed jobs and retries included', async () => {
    await using bench = await Bench.open({ retry: { backoff: [100] } })
    await bench.queue.put('a')
    await bench.queue.put('b', { delay: 500 })
    const idle = bench.queue.idle()
    await bench.called(1)
    bench.calls[0]!.fail()
    await settle()
    await bench.advance(100)
    await bench.called(2)
    bench.calls[1]!.finish()
    await settle()
    expect(idle.peek().status).toBe('pending')
    await bench.advance(400)
    await bench.called(3)
    bench.calls[2]!.finish()
    await idle
  })

  it('fires when the last one is cancelled, and its handler has ended', async () => {
    await using bench = await Bench.open()
    const job = await bench.queue.put('a')
    await bench.called(1)
    const idle = bench.queue.idle()
    await job.cancel()
    await settle()
    expect(idle.peek().status).toBe('pending')
    bench.calls[0]!.finish()
    await idle
  })

  it('can be withdrawn', async () => {
    await using bench = await Bench.open()
    await bench.queue.put('a')
    const idle = bench.queue.idle()
    await settle()
    idle.cancel()
    expect(await codeOf(idle)).toBe('ERR_CANCELLED')
  })
})

describe('an explanation', () => {
  it('says why a job is not running, and when it should', async () => {
    await using bench = await Bench.open({ width: 1, rate: { limit: 2, per: 1_000 } })
    const [first, second, third] = await bench.queue.putMany([{ arg: 1 }, { arg: 2 }, { arg: 3 }])
    const later = await bench.queue.put(4, { delay: 5_000 })
    const explain = async (job: { id: string } | undefined) => bench.queue.explain(job!.id)
    await bench.called(1)
    expect(await explain(first)).toEqual({ state: 'underway', position: null, blockedBy: null, estimatedStart: null })
    expect(await explain(second)).toMatchObject({ state: 'pending', position: 1, blockedBy: 'width' })
    expect(await explain(third)).toMatchObject({ position: 2, blockedBy: 'width' })
    expect(await explain(later)).toEqual({ state: 'pending', position: null, blockedBy: 'delay', estimatedStart: NOW + 5_000 })
    bench.calls[0]!.finish()
    await bench.called(2)
    bench.calls[1]!.finish()
    await settle()
    expect(await explain(third)).toMatchObject({ position: 1, blockedBy: 'rate' })
    await bench.queue.pause()
    expect(await explain(third)).toEqual({ state: 'pending', position: 1, blockedBy: 'paused', estimatedStart: null })
  })

  it('says that there is no worker', async () => {
    await using bench = await Bench.open(producer)
    const { id } = await bench.queue.put(1)
    expect(await bench.queue.explain(id)).toMatchObject({ position: 1, blockedBy: 'no-worker', estimatedStart: null })
  })
})

it('clears what is pending, in however many pieces', async () => {
  await using bench = await Bench.open({ width: 1 })
  const jobs = await bench.queue.putMany(many(2_500))
  const watching = jobs[2_499]!.watch()
  await bench.called(1)
  expect(await bench.queue.clear()).toBe(2_499)
  expect(await codeOf(watching)).toBe('ERR_JOB_CANCELLED')
  expect(await bench.queue.counts()).toEqual({ pending: 0, underway: 1, finished: 0, failed: 0, cancelled: 2_499 })
})
