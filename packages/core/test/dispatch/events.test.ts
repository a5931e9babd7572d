import { setImmediate } from 'node:timers/promises'
import { type DispatchEvent, type Failure, ManualClock, ResizableDispatchQueue, setUnhandledFailureHandler } from 'potoroo'
import { afterEach, describe, expect, test } from 'vitest'
import { hold } from './held.ts'

type Event = DispatchEvent<string, string>

/** An event in a few words. */
function brief(event: Event): unknown {
  if (event.type === 'queue') return event.status
  const { job, state, priority, progress, time } = event
  return [time, job.arg, state, ...(priority === 0 ? [] : [priority]), ...(progress === undefined ? [] : [progress])]
}

describe('what a listener hears', () => {
  test('each job as it was at each change, in order, with the time', async () => {
    const clock = new ManualClock(1000)
    const { queue, jobs, end, fail } = hold(1, { clock })
    const heard: unknown[] = []
    queue.observe((event) => heard.push(brief(event)))
    for (const name of 'abc') queue.put(name).addErrback(() => {})
    clock.advance(5)
    jobs.get('a')?.report('half')
    queue.pending()[1]?.reprioritize(-1)
    end('a')
    fail('c', new Error('broken'))
    clock.advance(5)
    queue.underway()[0]?.cancel()
    expect(heard).toEqual([])
    await Promise.resolve()
    expect(heard).toEqual([
      [1000, 'a', 'pending'],
      [1000, 'a', 'underway'],
      [1000, 'b', 'pending'],
      [1000, 'c', 'pending'],
      [1005, 'a', 'underway', 'half'],
      [1005, 'c', 'pending', -1],
      [1005, 'a', 'finished', 'half'],
      [1005, 'c', 'underway', -1],
      [1005, 'c', 'failed', -1],
      [1005, 'b', 'underway'],
      [1010, 'b', 'cancelled'],
      expect.objectContaining({ places: 0 }),
    ])
  })

  test('how the queue stands when it is set, paused, resumed or stopped, and when the place of a cancelled job is free', async () => {
    let end = (): void => {}
    const stubborn = { then: (onValue: () => void) => void (end = onValue) } as unknown as PromiseLike<void>
    const queue = new ResizableDispatchQueue<string, void>(() => stubborn, { width: 1 })
    const heard: unknown[] = []
    queue.observe((event) => event.type === 'queue' && heard.push(event.status))
    const counts = { pending: 0, underway: 0, finished: 0, failed: 0, cancelled: 0 }
    const status = { width: 1, rate: undefined, paused: false, stopped: false, counts, places: 0 }
    queue.width = 2
    queue.rate = { limit: 1, per: 10 }
    queue.pause()
    queue.resume(1)
    queue.rate = undefined
    queue.put('a').cancel()
    end()
    queue.stop()
    await Promise.resolve()
    expect(heard).toEqual([
      { ...status, width: 2 },
      { ...status, width: 2, rate: { limit: 1, per: 10 } },
      { ...status, width: 2, rate: { limit: 1, per: 10 }, paused: true },
      { ...status, rate: { limit: 1, per: 10 } },
      status,
      { ...status, counts: { ...counts, cancelled: 1 } },
      { ...status, counts: { ...counts, cancelled: 1 }, stopped: true },
    ])
    expect(queue.status()).toEqual({ ...status, counts: { ...counts, cancelled: 1 }, stopped: true })
  })

  test('nothing of a job that the queue refuses', async () => {
    const { queue } = hold(0, { size: 0 })
    const heard: unknown[] = []
    queue.observe((event) => heard.push(event))
    for (const options of [{}, { priority: NaN }]) queue.put('a', options).addErrback(() => {})
    await Promise.resolve()
    expect(heard).toEqual([])
    expect(queue.status().counts.failed).toBe(0)
  })

  test('nothing more once it has ended that', async () => {
    const { queue, end } = hold(1)
    const heard: string[] = []
    const ends = [queue.observe(() => heard.push('first')), queue.observe(() => heard.push('second'))]
    queue.put('a')
    ends[0]?.()
    await Promise.resolve()
    ends[1]?.()
    end('a')
    await Promise.resolve()
    expect(heard).toEqual(['second', 'second'])
  })

  test('all that comes, though another one ends twice what it has ended', async () => {
    const { queue } = hold(1)
    const heard: string[] = []
    const end = queue.observe(() => heard.push('first'))
    end()
    queue.observe(() => heard.push('second'))
    end()
    queue.put('a')
    await Promise.resolve()
    expect(heard).toEqual(['second', 'second'])
    expect(() => queue.observe(undefined as never)).toThrow(expect.objectContaining({ name: 'TypeError', code: 'ERR_NOT_A_FUNCTION' }))
  })

  test('a listener may do anything to the queue', async () => {
    const { queue, end, started } = hold(1)
    queue.observe((event) => {
      if (event.type !== 'job') return
      if (event.state === 'underway' && event.job.arg === 'a') end('a')
      if (event.state === 'finished') queue.stop()
    })
    for (const name of 'ab') queue.put(name).addErrback(() => {})
    await setImmediate()
    expect([queue.stopped, started, queue.size()]).toEqual([true, ['a', 'b'], { pending: 0, underway: 1 }])
  })

  describe('and if it throws', () => {
    let restore = (): void => {}
    afterEach(() => restore())

    test('the others hear all the same, and its failure is reported', async () => {
      const failures: unknown[] = []
      const before = setUnhandledFailureHandler((failure: Failure) => failures.push(failure.value))
      restore = () => void setUnhandledFailureHandler(before)
      const { queue } = hold(1)
      const heard: unknown[] = []
      queue.observe(() => {
        throw new Error('deaf')
      })
      queue.observe((event) => heard.push(event.type))
      queue.put('a')
      await Promise.resolve()
      expect(heard).toEqual(['job', 'job'])
    })
  })
})

describe('events()', () => {
  test('gives what happens from its making on, and ends when the queue has been stopped and all work is over', async () => {
    const { queue, end } = hold(1)
    queue.put('a')
    const events = queue.events()
    queue.put('b').addErrback(() => {})
    queue.stop()
    end('a')
    const seen: unknown[] = []
    for await (const event of events) seen.push(event.type === 'job' ? [event.job.arg, event.state] : event.status.stopped)
    expect(seen).toEqual([['b', 'pending'], true, ['b', 'cancelled'], ['a', 'finished']])
  })

  test('has ended if all was over before', async () => {
    const { queue } = hold(1)
    queue.stop()
    expect(await queue.events().next()).toEqual({ done: true, value: undefined })
  })
})

describe('a loop over a queue', () => {
  test('gives the jobs as they come to be over, however that is', async () => {
    const { queue, end, fail } = hold(3)
    const seen: string[] = []
    for (const name of 'abc') queue.put(name).addErrback(() => {})
    const loop = (async () => {
      for await (const job of queue) seen.push(`${job.arg} ${job.state} ${job.result}`)
    })()
    fail('b', new Error('broken'))
    queue.underway()[1]?.cancel()
    end('a')
    await setImmediate()
    expect(seen).toEqual(['b failed undefined', 'c cancelled undefined', 'a finished a'])
    queue.stop()
    await loop
  })

  test('may be left, and then nothing is kept for it', async () => {
    const { queue, end } = hold(2)
    for (const name of 'ab') queue.put(name)
    const jobs = queue[Symbol.asyncIterator]()
    const first = jobs.next()
    end('a')
    expect((await first).value?.arg).toBe('a')
    await jobs.return?.()
    end('b')
    expect(await jobs.next()).toEqual({ done: true, value: undefined })
  })

  test('keeps what nobody has asked for yet, and answers all who ask', async () => {
    const { queue, end } = hold(4)
    for (const name of 'abcd') queue.put(name)
    const jobs = queue[Symbol.asyncIterator]()
    for (const name of 'ab') end(name)
    await Promise.resolve()
    const asked = [1, 2, 3, 4, 5].map(() => jobs.next())
    for (const name of 'cd') end(name)
    queue.stop()
    expect((await Promise.all(asked)).map(({ value }) => value?.arg)).toEqual(['a', 'b', 'c', 'd', undefined])
  })
})
