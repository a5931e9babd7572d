import { type DurableQueue, memoryStore, type MoveProgress, moveQueue, openQueue, type Store, transition } from '@potoroo/queue'
import { ManualClock } from 'potoroo'
import { describe, expect, it } from 'vitest'
import { Bench, codeOf, NOW, settle, until } from './bench.ts'

/** A producer on a store, with the bench's time. */
const producer = (store: Store, clock = new ManualClock(NOW)): PromiseLike<DurableQueue> => openQueue({ name: 'q', store, clock })

/** A bench whose queue moves, and what has become of the move. */
async function moving(options: object = {}) {
  const bench = await Bench.open<unknown>(options)
  const to = memoryStore()
  const progress: MoveProgress[] = []
  const start = () => moveQueue(bench.store, to, 'q', { clock: bench.clock, onProgress: (each) => progress.push(each) })
  return { bench, to, progress, start }
}

describe('a queue that is moved', () => {
  it('has its jobs and settings in the new store, and is run there', async () => {
    const { bench, to, start } = await moving({ width: 2, rate: { limit: 9, per: 100 } })
    await using _ = bench
    const jobs = await bench.queue.putMany([{ arg: 'a' }, { arg: 'b', priority: -1 }, { arg: 'c', delay: 500 }])
    await bench.called(2)
    await bench.queue.setWidth(1)
    const moved = start()
    await settle()
    for (const call of bench.calls) call.finish(`did ${call.arg}`)
    expect(await moved).toEqual({ queue: 'q', moved: 3, remaining: 0, underway: 0 })
    await using there = await Bench.open({ store: to, clock: bench.clock, width: 2, rate: { limit: 9, per: 100 } })
    expect((await there.queue.list()).jobs.map(({ id, arg, state, result }) => [id, arg, state, result])).toEqual([
      [jobs[0]!.id, 'a', 'finished', 'did a'],
      [jobs[1]!.id, 'b', 'finished', 'did b'],
      [jobs[2]!.id, 'c', 'pending', undefined],
    ])
    expect(await there.queue.status()).toMatchObject({ width: 1, rate: { limit: 9, per: 100 }, paused: false })
    await there.advance(500)
    await there.called(1)
  })

  it('starts nothing from the first step to the last, in neither store, and what is underway ends in the old one', async () => {
    const { bench, to, start, progress } = await moving({ width: 1 })
    await using _ = bench
    const [first] = await bench.queue.putMany([{ arg: 1 }, { arg: 2 }, { arg: 3 }])
    await using there = await Bench.open({ store: to, clock: bench.clock, width: 5 })
    await bench.called(1)
    const moved = start()
    await until(() => progress.at(-1)?.underway === 1)
    await bench.advance(10_000)
    expect([bench.calls.length, there.calls.length, moved.called]).toEqual([1, 0, false])
    bench.calls[0]!.finish('here')
    await moved
    await there.called(2)
    expect(there.args).toEqual([2, 3])
    expect(bench.args).toEqual([1])
    expect((await there.queue.job(first!.id)).result).toBe('here')
  })

  it('does not start what was claimed in the moment when it began to move', async () => {
    await using bench = await Bench.open()
    const raw = await bench.store.open('q', {}, () => {})
    const put = bench.queue.put(1)
    const begun = raw.depart({ move: 'm', delivered: [], limit: 0, now: NOW })
    const job = await put
    await begun
    await settle()
    expect(bench.calls).toEqual([])
    expect(await bench.queue.job(job.id)).toMatchObject({ state: 'pending', attempt: 0 })
    await raw.close()
  })

  it('takes what is put while it moves, and then refuses it, saying where to go', async () => {
    const { bench, to, start, progress } = await moving({ width: 1 })
    await using _ = bench
    await bench.queue.put(1)
    await bench.called(1)
    const moved = start()
    await until(() => progress.length > 0)
    const { id } = await bench.queue.put(2)
    bench.calls[0]!.finish()
    await moved
    expect(await codeOf(bench.queue.put(3))).toBe('ERR_QUEUE_MOVED')
    expect(await codeOf(bench.queue.setWidth(3))).toBe('ERR_QUEUE_MOVED')
    expect(await codeOf(bench.queue.clear())).toBe('ERR_QUEUE_MOVED')
    expect(await codeOf(bench.queue.idle())).toBe('ERR_QUEUE_MOVED')
    expect(await codeOf(producer(bench.store))).toBe('ERR_QUEUE_MOVED')
    const there = await producer(to, bench.clock)
    expect((await there.job(id)).state).toBe('pending')
    await there.stop()
  })

  it('says of a job that has left that it has, whatever is asked about it', async () => {
    const { bench, start } = await moving({ handler: undefined })
    await using _ = bench
    const job = await bench.queue.put(1)
    await start()
    for (const ask of [
      () => bench.queue.job(job.id),
      () => bench.queue.explain(job.id),
      () => job.history(),
      () => job.cancel(),
      () => job.reprioritize(1),
      () => bench.queue.retry(job.id),
      () => job.watch(),
    ]) {
      expect(await codeOf(ask())).toBe('ERR_JOB_MOVED')
    }
  })

  it('leaves nobody waiting for a job that has left', async () => {
    const { bench, start, progress } = await moving({ width: 1 })
    await using _ = bench
    await using other = await Bench.open({ store: bench.store, clock: bench.clock, handler: undefined as never })
    const [underway, pending] = await bench.queue.putMany([{ arg: 1 }, { arg: 2 }])
    await bench.called(1)
    const here = await other.queue.job(underway!.id)
    const watching = [underway!.watch(), here.watch()]
    const vain = [codeOf(pending!.watch()), codeOf((await other.queue.job(pending!.id)).watch())]
    const idle = codeOf(bench.queue.idle())
    const paused = bench.queue.pause()
    const moved = start()
    await until(() => progress.length > 0)
    bench.calls[0]!.finish('done')
    for (const each of watching) expect((await each).result).toBe('done')
    await moved
    expect(await Promise.all(vain)).toEqual(['ERR_JOB_MOVED', 'ERR_JOB_MOVED'])
    expect(await idle).toBe('ERR_QUEUE_MOVED')
    await paused
  })

  it('is not idle while jobs are on their way', async () => {
    const { bench, start, to } = await moving({ handler: undefined })
    await using _ = bench
    await bench.queue.put(1)
    const raw = await bench.store.open('q', {}, () => {})
    await raw.depart({ move: 'm', delivered: [], limit: 9, now: NOW })
    const idle = bench.queue.idle()
    await settle()
    expect(idle.called).toBe(false)
    await raw.close()
    await start()
    expect(await codeOf(idle)).toBe('ERR_QUEUE_MOVED')
    expect((await (await to.open('q', {}, () => {})).status()).counts.pending).toBe(1)
  })

  it('explains why a job is not run meanwhile', async () => {
    const { bench, start, progress } = await moving({ width: 1 })
    await using _ = bench
    await bench.queue.put(1)
    const { id } = await bench.queue.put(2)
    await bench.called(1)
    const moved = start()
    await until(() => progress.length > 0)
    expect(await bench.queue.explain(id)).toMatchObject({ blockedBy: 'moving', estimatedStart: null })
    bench.calls[0]!.finish()
    await moved
  })

  it('is held back for the length of the rate: no window has too many starts because of a move', async () => {
    const { bench, to, start } = await moving({ width: 9, rate: { limit: 2, per: 1_000 }, handler: () => 'done' })
    await using _ = bench
    for (let n = 0; n < 5; n++) await bench.queue.put(n)
    await settle()
    expect((await bench.queue.counts()).finished).toBe(2)
    const starts = (await bench.queue.list({ state: 'finished' })).jobs.map(({ startTime }) => startTime!)
    await bench.advance(300)
    await start()
    await using there = await Bench.open({ store: to, clock: bench.clock, handler: () => 'done' })
    await there.advance(999)
    expect((await there.queue.counts()).finished).toBe(2)
    await there.advance(1)
    expect((await there.queue.counts()).finished).toBe(4)
    const later = (await there.queue.list({ state: 'finished', limit: 2 })).jobs.map(({ startTime }) => startTime!)
    expect(Math.min(...later) - Math.max(...starts)).toBeGreaterThanOrEqual(1_000)
  })

  it('keeps its pause, and the time that a handler asked it to wait', async () => {
    const { bench, to, start } = await moving({ handler: undefined })
    await using _ = bench
    await bench.queue.pause()
    const raw = await bench.store.open('q', {}, () => {})
    await raw.exchange(() => ({ worker: { id: 'w', lease: 5 }, outcomes: [], started: [], holdUntil: NOW + 700, places: 0, token: 'w.1', now: NOW }))
    await raw.close()
    await start()
    const there = await producer(to, bench.clock)
    expect(await there.status()).toMatchObject({ paused: true, heldUntil: NOW + 700 })
    await there.stop()
  })
})

describe('a move', () => {
  it('waits for a handler that does not end, and goes on when it does', async () => {
    const { bench, start, progress } = await moving({ width: 1 })
    await using _ = bench
    const job = await bench.queue.put(1)
    await bench.called(1)
    const moved = start()
    await job.cancel()
    await bench.advance(60_000)
    expect(progress.at(-1)).toEqual({ queue: 'q', moved: 0, remaining: 1, underway: 1 })
    bench.calls[0]!.finish()
    expect((await moved).moved).toBe(1)
  })

  it('misses no end of a job, though it comes in the moment when it looks', async () => {
    const store = memoryStore()
    const worker = { id: 'w', lease: 5_000 }
    const raw = await store.open('q', {}, () => {})
    await raw.renew(worker, NOW)
    const rest = { priority: 0, runAt: NOW, key: null, maxAttempts: 1, timeout: null }
    await raw.put([{ id: 'a', arg: '1', ...rest }], { size: 9, now: NOW })
    const exchange = { worker, outcomes: [], started: [], holdUntil: 0, places: 1, token: 'w.1', now: NOW }
    const { claimed } = await raw.exchange(() => exchange)
    let ended = false
    const ending: Store = {
      queues: () => store.queues(),
      open: (...args) =>
        store.open(...args).addCallback((queue) => {
          const depart = queue.depart.bind(queue)
          queue.depart = (step) => {
            const departed = depart(step)
            if (!ended) {
              const job = transition({ ...claimed[0]!, token: null }, { type: 'finish', result: '1', now: NOW })
              void raw.exchange(() => ({ ...exchange, outcomes: [{ token: 'w.1', job }], places: 0, token: 'w.2' }))
            }
            ended = true
            return departed
          }
          return queue
        }),
    }
    // Its clock stands still: nobody looks a second time for no reason.
    expect((await moveQueue(ending, memoryStore(), 'q', { clock: new ManualClock(NOW) })).moved).toBe(1)
    await raw.close()
  })

  it('that is cancelled has left everything to the next one', async () => {
    const { bench, to, start, progress } = await moving({ width: 1 })
    await using _ = bench
    await bench.queue.putMany([{ arg: 1 }, { arg: 2 }])
    await bench.called(1)
    const first = start()
    await until(() => progress.length > 0)
    first.cancel()
    expect(await codeOf(first)).toBe('ERR_CANCELLED')
    const second = start()
    bench.calls[0]!.finish()
    expect((await second).moved).toBe(2)
    const there = await producer(to, bench.clock)
    expect((await there.counts()).pending).toBe(1)
    await there.stop()
  })

  it('that was cancelled before anything came over can still go to another store, and only there', async () => {
    const { bench, start, progress } = await moving({ width: 1 })
    await using _ = bench
    await bench.queue.putMany([{ arg: 1 }, { arg: 2 }])
    await bench.called(1)
    const first = start()
    await until(() => progress.length > 0)
    first.cancel()
    await codeOf(first)
    const second = moveQueue(bench.store, memoryStore(), 'q', { clock: bench.clock })
    await settle()
    bench.calls[0]!.finish()
    expect((await second).moved).toBe(2)
    expect(await codeOf(start())).toBe('ERR_MOVE_ELSEWHERE')
  })

  it('that is done is left as it is when it is run again', async () => {
    const { bench, to, start } = await moving({ handler: undefined })
    await using _ = bench
    await bench.queue.put(1)
    const done = await start()
    const there = await producer(to, bench.clock)
    await there.put(2)
    await there.setWidth(3)
    expect(await start()).toEqual(done)
    expect(await there.status()).toMatchObject({ width: 3, counts: { pending: 2 } })
    const third = memoryStore()
    expect(await codeOf(moveQueue(bench.store, third, 'q'))).toBe('ERR_MOVE_ELSEWHERE')
    // Nothing has begun there.
    const other = await producer(third)
    await other.put(1)
    for (const queue of [there, other]) await queue.stop()
  })

  it('may go back to where the queue was', async () => {
    const { bench, to, start } = await moving({ handler: undefined })
    await using _ = bench
    await bench.queue.put(1)
    await start()
    expect(await moveQueue(to, bench.store, 'q')).toMatchObject({ moved: 1, remaining: 0 })
    await bench.queue.put(2)
    expect((await bench.queue.list()).jobs.map(({ arg }) => arg)).toEqual([1, 2])
  })

  it('by two at once is one move', async () => {
    const { bench, to, start } = await moving({ handler: undefined })
    await using _ = bench
    await bench.queue.putMany(Array.from({ length: 1_700 }, (_, arg) => ({ arg })))
    const first = start()
    await settle()
    const results = await Promise.allSettled([first, start()])
    expect(results.some(({ status }) => status === 'fulfilled')).toBe(true)
    await start()
    const there = await producer(to, bench.clock)
    expect((await there.list({ limit: 2_000 })).jobs.map(({ arg }) => arg)).toEqual(Array.from({ length: 1_700 }, (_, arg) => arg))
    await there.stop()
  })

  it('is refused with a code that says why', async () => {
    const { bench, to, start } = await moving({ handler: undefined })
    await using _ = bench
    await bench.queue.put(1)
    expect(await codeOf(moveQueue(bench.store, bench.store, 'q'))).toBe('ERR_SAME_STORE')
    expect(await codeOf(moveQueue(bench.store, to, 'nobody'))).toBe('ERR_QUEUE_NOT_FOUND')
    expect(await to.queues()).toEqual([])
    const there = await producer(to, bench.clock)
    await there.put(2)
    expect(await codeOf(start())).toBe('ERR_QUEUE_EXISTS')
    expect((await bench.queue.status()).move).toBe(null)
    await there.stop()
  })
})
