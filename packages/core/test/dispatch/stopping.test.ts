import { Deferred, QueueStopped, ResizableDispatchQueue, sleep } from 'potoroo'
import { describe, expect, test } from 'vitest'
import { hold, outcome } from './held.ts'

describe('pause and resume', () => {
  test('pausing starts nothing more, and fires when what is underway has ended', () => {
    const { queue, started, end } = hold(2)
    for (const name of 'abc') queue.put(name)
    const drained = queue.pause()
    expect(queue.paused).toBe(true)
    end('a')
    expect([started, drained.called]).toEqual([['a', 'b'], false])
    end('b')
    expect([started, drained.called]).toEqual([['a', 'b'], true])
    queue.put('d')
    expect(queue.size()).toEqual({ pending: 2, underway: 0 })
  })

  test('pausing a queue in which nothing is underway has fired already', () => {
    const { queue } = hold(0)
    queue.put('a')
    expect(queue.pause().called).toBe(true)
  })

  test('resuming starts what there is room for, in a new width if one is given', () => {
    const { queue, started } = hold(1)
    queue.pause()
    for (const name of 'abcd') queue.put(name)
    queue.width = 2
    expect(started).toEqual([])
    queue.resume()
    expect([queue.paused, started]).toEqual([false, ['a', 'b']])
    queue.pause()
    queue.resume(3)
    expect([queue.width, started]).toEqual([3, ['a', 'b', 'c']])
    queue.resume(0)
    expect(queue.width).toBe(0)
  })

  test('a pause that is overtaken by resume fires, before anything starts', () => {
    const { queue, started } = hold(1)
    for (const name of 'ab') queue.put(name)
    let seen: string[] | undefined
    queue.pause().addCallback(() => {
      seen = [...started]
    })
    queue.resume(2)
    expect(seen).toEqual(['a'])
    expect(started).toEqual(['a', 'b'])
  })

  test('a pause whose deferred is cancelled stays a pause', () => {
    const { queue, end } = hold(1)
    queue.put('a')
    const pause = queue.pause().addErrback(() => {})
    pause.cancel()
    end('a')
    expect(queue.paused).toBe(true)
  })
})

describe('idle', () => {
  test('fires when nothing is pending or underway', () => {
    const { queue, end } = hold(1)
    expect(queue.idle().called).toBe(true)
    for (const name of 'ab') queue.put(name)
    const idle = queue.idle()
    end('a')
    expect(idle.called).toBe(false)
    end('b')
    expect(idle.called).toBe(true)
  })

  test('does not fire while jobs are pending, whatever they wait for', () => {
    const { queue, end } = hold(1)
    for (const name of 'ab') queue.put(name)
    const idle = queue.idle()
    queue.pause()
    end('a')
    expect(idle.called).toBe(false)
    queue.clearQueue()
    expect(idle.called).toBe(true)
  })

  test('fires when all of those that were cancelled together have been told', () => {
    const { queue } = hold(0)
    const told: string[] = []
    for (const name of 'abc') queue.put(name).addErrback(() => void told.push(name))
    queue.idle().addCallback(() => void told.push('idle'))
    queue.clearQueue()
    expect(told).toEqual(['a', 'b', 'c', 'idle'])
  })

  test('fires after the deferreds of the last job, and not if their callbacks put more', () => {
    const { queue, end } = hold(1)
    let more: Deferred<unknown> | undefined
    queue.put('a').addCallback(() => {
      more = queue.put('b')
    })
    const idle = queue.idle()
    end('a')
    expect([more?.called, idle.called]).toEqual([false, false])
    end('b')
    expect(idle.called).toBe(true)
  })

  test.each(['cancelling the last pending job', 'stopping'])('fires on %s', (how) => {
    const { queue } = hold(0)
    const { job } = queue.put('a')
    const idle = queue.idle()
    if (how === 'stopping') queue.stop()
    else job.cancel()
    expect(idle.called).toBe(true)
  })

  test('withdraws one that was cancelled', async () => {
    const { queue, end } = hold(1)
    queue.put('a')
    const idle = queue.idle()
    idle.cancel()
    expect(await outcome(idle)).toMatchObject({ code: 'ERR_CANCELLED' })
    end('a')
    expect(queue.idle().called).toBe(true)
  })
})

describe('clearQueue', () => {
  test('cancels what is pending and gives it back in the order it would have started', async () => {
    const { queue, started, end } = hold(1)
    const [, b, c] = [queue.put('a'), queue.put('b', { priority: 1 }), queue.put('c')]
    const cleared = queue.clearQueue()
    expect(cleared).toEqual([c?.job, b?.job])
    expect(cleared.map((job) => job.state)).toEqual(['cancelled', 'cancelled'])
    expect(await outcome(b as Deferred<unknown>)).toMatchObject({ code: 'ERR_JOB_CANCELLED' })
    expect(queue.size()).toEqual({ pending: 0, underway: 1 })
    end('a')
    expect(started).toEqual(['a'])
  })

  test('leaves alone what callbacks put meanwhile', () => {
    const { queue } = hold(0)
    queue.put('a').addErrback(() => void queue.put('b'))
    expect(queue.clearQueue().map((job) => job.arg)).toEqual(['a'])
    expect(queue.pending().map((job) => job.arg)).toEqual(['b'])
  })
})

describe('stop', () => {
  test('gives back what is pending, and waits for what is underway', async () => {
    const { queue, started, end } = hold(1)
    const [a, b, c] = [queue.put('a'), queue.put('b'), queue.put('c', { priority: -1 })]
    const stop = queue.stop()
    expect([queue.stopped, b?.job.state, stop.called]).toEqual([true, 'cancelled', false])
    const error = await outcome(b as Deferred<unknown>)
    expect(error).toMatchObject({ code: 'ERR_JOB_CANCELLED' })
    expect((error as Error).cause).toBeInstanceOf(QueueStopped)
    end('a')
    expect(stop.peek()).toEqual({ status: 'fulfilled', value: [c?.job, b?.job] })
    expect(a?.job.state).toBe('finished')
    expect(started).toEqual(['a'])
  })

  test('cancels what is underway if it is told to, and waits until that work has ended', async () => {
    const queue = new ResizableDispatchQueue(
      // To clean up after it was cancelled, the work needs a while.
      (name: string) => (name === 'b' ? new Deferred<void>().addErrback(() => sleep(0)) : new Deferred<void>()),
      { width: 2 },
    )
    const [a, b] = [queue.put('a'), queue.put('b')]
    const stop = queue.stop({ cancelUnderway: true })
    expect([a?.job.state, b?.job.state, stop.called]).toEqual(['cancelled', 'cancelled', false])
    expect(queue.underway()).toEqual([b?.job])
    expect(await stop).toEqual([a?.job, b?.job])
    expect((await outcome(b as Deferred<unknown>)) as Error).toMatchObject({ cause: { code: 'ERR_QUEUE_STOPPED' } })
  })

  test('does not give back what was cancelled before, though its work goes on', () => {
    let end = (): void => {}
    const stubborn = { then: (onValue: () => void) => void (end = onValue) } as unknown as PromiseLike<void>
    const queue = new ResizableDispatchQueue<string, void>(() => stubborn, { width: 1 })
    queue.put('a').cancel()
    const stop = queue.stop({ cancelUnderway: true })
    expect(stop.called).toBe(false)
    end()
    expect(stop.peek()).toEqual({ status: 'fulfilled', value: [] })
  })

  test('may be said again: everyone who does is told the same', () => {
    const { queue, end } = hold(1)
    const [a, b] = [queue.put('a').addErrback(() => {}), queue.put('b')]
    const first = queue.stop()
    const second = queue.stop()
    end('a')
    for (const stop of [first, second, queue.stop()]) {
      expect(stop.peek()).toEqual({ status: 'fulfilled', value: [b?.job] })
    }
    expect(a).toBeDefined()
  })

  test('stays stopped if its deferred is cancelled', async () => {
    const { queue, end } = hold(1)
    queue.put('a')
    const stop = queue.stop()
    stop.cancel()
    expect(await outcome(stop)).toMatchObject({ code: 'ERR_CANCELLED' })
    end('a')
    expect(queue.stopped).toBe(true)
  })

  test('is final: resume throws, and a new width or rate starts nothing', () => {
    const { queue, started } = hold(0)
    queue.put('a')
    queue.stop()
    queue.width = 3
    queue.rate = { limit: 1, per: 1 }
    expect(() => queue.resume()).toThrow(QueueStopped)
    expect(queue.pause().called).toBe(true)
    expect(started).toEqual([])
  })

  test('happens at the end of the block that uses the queue', async () => {
    const ended: string[] = []
    {
      await using queue = new ResizableDispatchQueue((name: string) => sleep(0).addCallback(() => ended.push(name)), { width: 1 })
      queue.put('a')
      queue.put('b')
    }
    expect(ended).toEqual(['a'])
  })
})
