import { getEventListeners } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import {
  CancelledError,
  Deferred,
  isCancelled,
  type Job,
  JobCancelled,
  type JobDeferred,
  ManualClock,
  ResizableDispatchQueue,
  sleep,
  TimeoutError,
} from 'potoroo'
import { describe, expect, test } from 'vitest'
import { hold, outcome } from './held.ts'

const ways: [string, (deferred: JobDeferred<string, string>, controller: AbortController) => void][] = [
  ['through the job', ({ job }) => job.cancel('enough')],
  ['through the deferred that put gave', (deferred) => deferred.cancel('enough')],
  ['through the signal it was put with', (_, controller) => controller.abort('enough')],
]

describe.each(ways)('cancelling a job %s', (_, cancel) => {
  test('pending: it never starts, and its deferreds fail at once', async () => {
    const controller = new AbortController()
    const { queue, started } = hold(0)
    const deferred = queue.put('a', { signal: controller.signal })
    const watcher = deferred.job.watch()
    cancel(deferred, controller)
    expect(deferred.job.state).toBe('cancelled')
    expect([deferred.called, watcher.called]).toEqual([true, true])
    const error = await outcome(deferred)
    expect(error).toBeInstanceOf(JobCancelled)
    expect(error).toMatchObject({ code: 'ERR_JOB_CANCELLED', cause: 'enough' })
    expect((error as JobCancelled).job).toBe(deferred.job)
    expect(await outcome(watcher)).toBe(error)
    expect(deferred.job.failure?.value).toBe(error)
    queue.width = 1
    expect(started).toEqual([])
  })

  test('underway: its signal is aborted, the deferred of its work cancelled, and the next one starts', async () => {
    const controller = new AbortController()
    const { queue, started, jobs, work } = hold(1)
    const deferred = queue.put('a', { signal: controller.signal })
    queue.put('b')
    const { signal } = jobs.get('a') as Job<string, string>
    cancel(deferred, controller)
    expect([signal.aborted, signal.reason]).toEqual([true, 'enough'])
    expect(work.get('a')?.peek()).toMatchObject({ status: 'rejected', failure: { value: { code: 'ERR_CANCELLED', cause: 'enough' } } })
    expect(await outcome(deferred)).toMatchObject({ code: 'ERR_JOB_CANCELLED', cause: 'enough' })
    expect(started).toEqual(['a', 'b'])
  })

  test('over: nothing changes', () => {
    const controller = new AbortController()
    const { queue, end, jobs } = hold(1)
    const deferred = queue.put('a', { signal: controller.signal })
    end('a')
    cancel(deferred, controller)
    expect(deferred.job).toMatchObject({ state: 'finished', result: 'a', failure: undefined })
    expect(jobs.get('a')?.signal.aborted).toBe(false)
  })
})

describe('the place of a cancelled job', () => {
  test('is free when the promise of its work has settled, however', async () => {
    const settle: { resolve(): void; reject(error: Error): void }[] = []
    const queue = new ResizableDispatchQueue<string, void>(
      () => new Promise((resolve, reject) => settle.push({ resolve, reject })),
      { width: 2 },
    )
    const deferreds = ['a', 'b', 'c', 'd'].map((name) => queue.put(name))
    deferreds[0]?.job.cancel()
    deferreds[1]?.job.cancel()
    expect(await outcome(deferreds[0] as Deferred<unknown>)).toBeInstanceOf(JobCancelled)
    expect(queue.size()).toEqual({ pending: 2, underway: 2 })
    expect(queue.underway().map((job) => job.state)).toEqual(['cancelled', 'cancelled'])
    settle[0]?.resolve()
    settle[1]?.reject(new Error('too late to matter'))
    await setImmediate()
    expect(queue.underway().map((job) => [job.arg, job.state])).toEqual([['c', 'underway'], ['d', 'underway']])
    expect(deferreds.slice(0, 2).map(({ job }) => [job.state, job.result])).toEqual([['cancelled', undefined], ['cancelled', undefined]])
  })

  test('is free when the deferred of its work has come to its result, not when it was cancelled', () => {
    const clock = new ManualClock()
    const queue = new ResizableDispatchQueue<string, void>(() => new Deferred<void>().addErrback(() => sleep(clock, 10)), { width: 1 })
    queue.put('a').cancel()
    const { job } = queue.put('b')
    clock.advance(9)
    expect(job.state).toBe('pending')
    clock.advance(1)
    expect(job.state).toBe('underway')
  })

  test('is free at once when the handler, having cancelled its job, returns or throws', () => {
    const queue = new ResizableDispatchQueue(
      (how: string, job: Job<string, void>) => {
        job.cancel()
        if (how === 'throws') throw new Error('nobody hears of this')
      },
      { width: 1 },
    )
    const jobs = ['returns', 'throws'].map((how) => queue.put(how).job)
    expect(jobs.map((job) => job.state)).toEqual(['cancelled', 'cancelled'])
    expect(queue.size()).toEqual({ pending: 0, underway: 0 })
  })

  test('a deferred returned by a handler that has cancelled its job is cancelled in its turn', () => {
    const work = new Deferred<void>()
    const queue = new ResizableDispatchQueue(
      (_: string, job: Job<string, void>) => {
        job.cancel('changed my mind')
        return work
      },
      { width: 1 },
    )
    queue.put('a')
    expect(work.peek()).toMatchObject({ status: 'rejected', failure: { value: { cause: 'changed my mind' } } })
    expect(queue.size().underway).toBe(0)
  })
})

describe('what a cancelled job fails with', () => {
  test('is a cancellation to everybody who knows cancellations', async () => {
    const deferred = hold(0).queue.put('a')
    deferred.cancel()
    const error = (await outcome(deferred)) as JobCancelled
    expect(isCancelled(error)).toBe(true)
    expect(error).toBeInstanceOf(CancelledError)
    expect(error.name).toBe('AbortError')
    expect(error.cause).toBeUndefined()
  })

  test('becomes a TimeoutError for whoever waited only so long', async () => {
    const clock = new ManualClock()
    const { queue, jobs } = hold(1)
    const deferred = queue.put('a')
    const impatient = deferred.addTimeout(50, { clock })
    clock.advance(50)
    expect(await outcome(impatient)).toBeInstanceOf(TimeoutError)
    expect(jobs.get('a')?.state).toBe('cancelled')
  })
})

describe('watching a job', () => {
  test('cancelling the watch stops the watching and nothing else', async () => {
    const { queue, end } = hold(1)
    const deferred = queue.put('a')
    const [first, second] = [deferred.job.watch(), deferred.job.watch()]
    first.cancel()
    expect(await outcome(first)).toMatchObject({ code: 'ERR_CANCELLED' })
    expect(deferred.job.state).toBe('underway')
    end('a')
    expect(await outcome(second)).toBe(deferred.job)
    expect(await outcome(deferred)).toBe(deferred.job)
  })

  test('a job that is over is watched with the same result', async () => {
    const { queue, end, fail } = hold(2)
    const [a, b] = [queue.put('a'), queue.put('b')]
    end('a')
    fail('b', new Error('broken'))
    expect(await outcome(a.job.watch())).toBe(a.job)
    expect(await outcome(b.job.watch())).toBe(await outcome(b))
  })

  test('progress reaches those who listen, until the job is over', () => {
    const { queue, jobs, end } = hold(1)
    const heard: unknown[] = []
    const deferred = queue.put('a').addProgress((progress) => heard.push(['put', progress]))
    const job = jobs.get('a') as Job<string, string>
    job.watch().addProgress((progress) => heard.push(['watch', progress]))
    expect(job.progress).toBeUndefined()
    job.report(0.5)
    end('a')
    job.report(1)
    expect(heard).toEqual([['put', 0.5], ['watch', 0.5]])
    expect(job.progress).toBe(0.5)
    expect(deferred.called).toBe(true)
  })

  test('who starts to watch on hearing of progress hears of the next', () => {
    const { queue, jobs } = hold(1)
    const heard: unknown[] = []
    queue.put('a')
    const job = jobs.get('a') as Job<string, string>
    const watchAgain = (progress: unknown): void => {
      heard.push(progress)
      job.watch().addProgress(watchAgain)
    }
    job.watch().addProgress(watchAgain)
    for (const progress of [1, 2]) job.report(progress)
    expect(heard).toEqual([1, 2, 2])
  })

  test('a listener may cancel the job whose progress it hears', () => {
    const { queue, jobs } = hold(1)
    const job = (): Job<string, string> => jobs.get('a') as Job<string, string>
    const deferred = queue.put('a').addProgress(() => job().cancel())
    job().watch().addErrback(() => {})
    job().report(1)
    expect([job().state, job().progress, deferred.called]).toEqual(['cancelled', 1, true])
  })
})

describe('the signal a job is put with', () => {
  test('if it is aborted already, the job never joins the queue', async () => {
    const { queue, started } = hold(1)
    const deferred = queue.put('a', { signal: AbortSignal.abort('before') })
    expect(await outcome(deferred)).toMatchObject({ code: 'ERR_JOB_CANCELLED', cause: 'before' })
    expect([deferred.job.state, started]).toEqual(['cancelled', []])
  })

  test('has one listener for any number of jobs, and none when they are over', () => {
    const { signal } = new AbortController()
    const { queue, end } = hold(2)
    const jobs = ['a', 'b', 'c', 'd'].map((name) => queue.put(name, { signal }).job)
    expect(getEventListeners(signal, 'abort').length).toBe(1)
    jobs[1]?.cancel()
    jobs[3]?.cancel()
    end('a')
    expect(getEventListeners(signal, 'abort').length).toBe(1)
    end('c')
    expect(getEventListeners(signal, 'abort').length).toBe(0)
  })

  test('cancels all its jobs that are not over, and no others', () => {
    const controller = new AbortController()
    const { queue, end } = hold(2)
    const jobs = ['a', 'b', 'c', 'd'].map((name) => queue.put(name, { signal: controller.signal }).job)
    const other = queue.put('e').job
    end('a')
    controller.abort()
    expect(jobs.map((job) => job.state)).toEqual(['finished', 'cancelled', 'cancelled', 'cancelled'])
    expect(other.state).toBe('underway')
  })
})

describe('the signal for the handler', () => {
  test('asked for only after the job was cancelled, is aborted with the same reason', () => {
    const { queue, jobs } = hold(1)
    queue.put('a').cancel('why not')
    const signal = jobs.get('a')?.signal
    expect([signal?.aborted, signal?.reason]).toEqual([true, 'why not'])
  })

  test('is one and the same each time, and is left alone when the job ends well', () => {
    const { queue, jobs, end } = hold(1)
    queue.put('a')
    const signal = jobs.get('a')?.signal
    end('a')
    expect(jobs.get('a')?.signal).toBe(signal)
    expect(signal?.aborted).toBe(false)
  })
})

describe('a time-out', () => {
  test('counts from the start; then the job fails at once, its signal is aborted and its work cancelled', async () => {
    const clock = new ManualClock()
    const { queue, jobs, work, end } = hold(1, { clock })
    queue.put('a')
    const deferred = queue.put('b', { timeout: 50 })
    clock.advance(100)
    end('a')
    clock.advance(49)
    expect(deferred.job.state).toBe('underway')
    const { signal } = jobs.get('b') as Job<string, string>
    clock.advance(1)
    expect(deferred.job).toMatchObject({ state: 'failed', stopTime: 150 })
    expect(signal.reason).toBeInstanceOf(TimeoutError)
    expect(deferred.job.failure?.value).toBe(signal.reason)
    expect(work.get('b')?.peek()).toMatchObject({ failure: { value: { cause: signal.reason } } })
    const error = await outcome(deferred)
    expect(error).toMatchObject({ code: 'ERR_JOB_FAILED', cause: { code: 'ERR_TIMEOUT' } })
    expect(isCancelled(error)).toBe(false)
  })

  test('leaves the place taken until the work has ended', () => {
    const clock = new ManualClock()
    let end = (): void => {}
    const stubborn = { then: (onValue: () => void) => void (end = onValue) } as unknown as PromiseLike<void>
    const queue = new ResizableDispatchQueue<string, void>(() => stubborn, { width: 1, clock })
    const late = queue.put('a', { timeout: 10 })
    late.addErrback(() => {})
    const { job } = queue.put('b')
    clock.advance(20)
    expect([late.job.state, job.state, queue.size().underway]).toEqual(['failed', 'pending', 1])
    end()
    expect([late.job.state, job.state]).toEqual(['failed', 'underway'])
  })

  test('leaves no timer behind when the job ends in time, fails, or is cancelled', () => {
    const clock = new ManualClock()
    const { queue, end, fail } = hold(3, { clock })
    for (const name of ['a', 'b', 'c']) queue.put(name, { timeout: 10 }).addErrback(() => {})
    queue.put('d', { timeout: Infinity })
    expect(clock.pendingTimers).toBe(3)
    end('a')
    fail('b', new Error('broken'))
    queue.underway()[0]?.cancel()
    expect(clock.pendingTimers).toBe(0)
  })
})
