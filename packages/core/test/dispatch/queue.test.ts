import {
  type Awaitable,
  Deferred,
  fail,
  Failure,
  type Job,
  JobFailed,
  ManualClock,
  PotorooError,
  type PutOptions,
  ResizableDispatchQueue,
  sleep,
  succeed,
} from 'potoroo'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { hold, outcome } from './held.ts'

describe('starting jobs', () => {
  test('a job starts at once, within put, when there is room', () => {
    const { queue, started } = hold(1)
    queue.put('a')
    expect(started).toEqual(['a'])
  })

  test('without a width nothing starts; setting one starts as many as it has room for', () => {
    const started: string[] = []
    const queue = new ResizableDispatchQueue((name: string) => {
      started.push(name)
      return new Deferred<void>()
    })
    for (const name of 'abcd') queue.put(name)
    expect(queue.width).toBe(0)
    expect(started).toEqual([])
    queue.width = 1
    expect(started).toEqual(['a'])
    queue.setWidth(3)
    expect(started).toEqual(['a', 'b', 'c'])
    expect(queue.size()).toEqual({ pending: 1, underway: 3 })
  })

  test('fewer places let those that run go on to their end', () => {
    const { queue, started, end } = hold(3)
    for (const name of 'abcde') queue.put(name)
    queue.width = 1
    expect(queue.size()).toEqual({ pending: 2, underway: 3 })
    end('a')
    end('b')
    expect(started).toEqual(['a', 'b', 'c'])
    end('c')
    expect(started).toEqual(['a', 'b', 'c', 'd'])
  })

  test('lower priorities go first, and first come first served among equals', () => {
    const { queue, started } = hold(0)
    for (const [name, priority] of [['a', 1], ['b', 0], ['c', -1.5], ['d', 1], ['e', 0], ['f', -Number.MAX_VALUE]] as const) {
      queue.put(name, { priority })
    }
    expect(queue.pending().map((job) => job.arg).join('')).toBe('fcbead')
    queue.width = 10
    expect(started.join('')).toBe('fcbead')
  })

  test('a job that is reprioritised keeps its time of arrival among equals', () => {
    const { queue } = hold(0)
    const [a, b, , d] = ['a', 'b', 'c', 'd'].map((name) => queue.put(name).job)
    queue.reprioritize(d as Job<string, string>, -1)
    b?.reprioritize(1)
    a?.reprioritize(1)
    b?.reprioritize(0)
    expect(queue.pending().map((job) => job.arg).join('')).toBe('dbca')
    expect(a?.priority).toBe(1)
  })

  test('only a pending job of this queue can be reprioritised, and only with a finite number', () => {
    const { queue } = hold(1)
    const underway = queue.put('a').job
    const { job } = queue.put('b')
    const elsewhere = hold(0).queue.put('c').job
    expect(() => underway.reprioritize(1)).toThrow(expect.objectContaining({ name: 'KeyError', code: 'ERR_KEY' }))
    expect(() => queue.reprioritize(elsewhere, 1)).toThrow(expect.objectContaining({ code: 'ERR_KEY' }))
    for (const wrong of [NaN, Infinity, '1' as unknown as number]) {
      expect(() => job.reprioritize(wrong)).toThrow(expect.objectContaining({ name: 'RangeError', code: 'ERR_INVALID_PRIORITY' }))
    }
    expect(job.priority).toBe(0)
  })

  test('a queue can be asked for its jobs, and what it gives is a snapshot', () => {
    const { queue, end } = hold(2)
    for (const name of 'abc') queue.put(name)
    const underway = queue.underway()
    const pending = queue.pending()
    end('a')
    expect(underway.map((job) => job.arg)).toEqual(['a', 'b'])
    expect(pending.map((job) => job.arg)).toEqual(['c'])
    expect(queue.underway().map((job) => job.arg)).toEqual(['b', 'c'])
  })
})

describe('how a job ends', () => {
  const error = new Error('broken')
  const handlers: [string, () => Awaitable<unknown>, { value: unknown } | { thrown: unknown }][] = [
    ['returns a value', () => 'x', { value: 'x' }],
    ['returns nothing', () => undefined, { value: undefined }],
    ['returns null', () => null, { value: null }],
    ['returns a promise', () => Promise.resolve('x'), { value: 'x' }],
    ['returns a deferred that fires later', () => sleep(new Ticking(), 1, 'x'), { value: 'x' }],
    ['returns a deferred that has fired', () => succeed('x'), { value: 'x' }],
    ['returns a thenable that calls back twice', () => thenable((onValue) => [onValue('x'), onValue('y')]), { value: 'x' }],
    ['returns a promise whose `then` calls back twice', () => Object.assign(Promise.resolve(), thenable((onValue) => [onValue('x'), onValue('y')])), { value: 'x' }],
    ['throws', () => thrower(error), { thrown: error }],
    ['throws undefined', () => thrower(undefined), { thrown: undefined }],
    ['throws a Failure', () => thrower(new Failure(error)), { thrown: error }],
    ['returns a promise that is rejected', () => Promise.reject(error), { thrown: error }],
    ['returns a deferred that has failed', () => fail(error), { thrown: error }],
    ['returns a deferred that fails later', () => sleep(new Ticking(), 1).addCallback(() => thrower(error)), { thrown: error }],
    ['returns an object whose `then` cannot be read', () => Object.defineProperty({}, 'then', { get: () => thrower(error) }), { thrown: error }],
    ['returns a thenable whose `then` throws', () => thenable(() => thrower(error)), { thrown: error }],
  ]

  test.each(handlers)('a handler that %s', async (_, handler, expected) => {
    const queue = new ResizableDispatchQueue<string, unknown>(handler, { width: 1 })
    const deferred = queue.put('arg')
    const { job } = deferred
    const result = await outcome(deferred)
    if ('value' in expected) {
      expect(result).toBe(job)
      expect([job.state, job.result, job.failure]).toEqual(['finished', expected.value, undefined])
    } else {
      expect(result).toBeInstanceOf(JobFailed)
      expect(result).toBeInstanceOf(PotorooError)
      expect(result).toMatchObject({ name: 'JobFailed', code: 'ERR_JOB_FAILED' })
      expect((result as JobFailed).job).toBe(job)
      expect((result as JobFailed).cause).toBe(expected.thrown)
      expect([job.state, job.result, job.failure?.value]).toEqual(['failed', undefined, expected.thrown])
    }
    expect(queue.size()).toEqual({ pending: 0, underway: 0 })
  })

  test('a job knows its argument, its priority and its times', () => {
    const clock = new ManualClock(1_700_000_000_000)
    const { queue, end } = hold(1, { clock })
    const { job: first } = queue.put('first')
    const { job } = queue.put('second', { priority: 3 })
    expect(job).toMatchObject({ arg: 'second', priority: 3, state: 'pending', queuedTime: 1_700_000_000_000 })
    expect([job.startTime, job.stopTime]).toEqual([undefined, undefined])
    clock.advance(5)
    end('first')
    expect(first).toMatchObject({ state: 'finished', startTime: 1_700_000_000_000, stopTime: 1_700_000_000_005 })
    expect(job).toMatchObject({ state: 'underway', startTime: 1_700_000_000_005 })
    clock.advance(2.5)
    end('second')
    expect(job).toMatchObject({ state: 'finished', result: 'second', stopTime: 1_700_000_000_007.5 })
  })

  test('no two jobs of a process have the same id', () => {
    const queues = [hold(1), hold(0)]
    const ids = queues.flatMap(({ queue }) => [queue.put('a').job.id, queue.put('b').job.id])
    expect(new Set(ids).size).toBe(4)
    expect(ids.every((id) => typeof id === 'string')).toBe(true)
  })

  test('a deferred that the handler returned keeps its result for others who hold it', () => {
    const shared = new Deferred<string>()
    const queue = new ResizableDispatchQueue<string, string>(() => shared, { width: 2 })
    const jobs = [queue.put('a').job, queue.put('b').job]
    shared.callback('for all')
    expect(jobs.map((job) => job.result)).toEqual(['for all', 'for all'])
    expect(shared.peek()).toEqual({ status: 'fulfilled', value: 'for all' })
  })

  test('a deferred that was fired by hand is left alone when its job ends', () => {
    const { queue, end } = hold(1)
    const deferred = queue.put('a')
    const { job } = deferred
    const watcher = job.watch()
    deferred.callback(job)
    watcher.callback(job)
    expect(job.state).toBe('underway')
    end('a')
    expect([job.state, queue.size().underway]).toEqual(['finished', 0])
  })

  test('a handler that returns a deferred of its own job fails, and does not wait for itself', () => {
    const queue = new ResizableDispatchQueue((_: string, job: Job<string, unknown>): Deferred<unknown> => job.watch(), { width: 1 })
    const deferred = queue.put('a')
    const { job } = deferred
    deferred.addErrback(() => {})
    expect(job.failure?.value).toMatchObject({ code: 'ERR_RETURNED_ITSELF' })
  })
})

test('what a job gives is known by its type', () => {
  const queue = new ResizableDispatchQueue((name: string) => Promise.resolve(name.length), { width: 1 })
  const deferred = queue.put('a')
  expectTypeOf(deferred.job).toEqualTypeOf<Job<string, number>>()
  expectTypeOf(deferred.job.arg).toEqualTypeOf<string>()
  expectTypeOf(deferred.job.result).toEqualTypeOf<number | undefined>()
  expectTypeOf(deferred.addCallback(({ result }) => result)).toEqualTypeOf<Deferred<number | undefined>>()
  // @ts-expect-error a number is not what this queue's function takes
  queue.put(1).addErrback(() => {})
})

describe('what put refuses', () => {
  test.each<[string, PutOptions, string, string]>([
    ['null for options', null as never, 'TypeError', 'ERR_INVALID_OPTIONS'],
    ['a number for options', 5 as never, 'TypeError', 'ERR_INVALID_OPTIONS'],
    ['a priority that is not a number', { priority: NaN }, 'RangeError', 'ERR_INVALID_PRIORITY'],
    ['an infinite priority', { priority: -Infinity }, 'RangeError', 'ERR_INVALID_PRIORITY'],
    ['a priority in words', { priority: 'high' as never }, 'RangeError', 'ERR_INVALID_PRIORITY'],
    ['a negative time-out', { timeout: -1 }, 'RangeError', 'ERR_INVALID_TIME'],
    ['a time-out that is not a number', { timeout: NaN }, 'RangeError', 'ERR_INVALID_TIME'],
    ['something else for a signal', { signal: {} as never }, 'TypeError', 'ERR_INVALID_SIGNAL'],
    ['null for a signal', { signal: null as never }, 'TypeError', 'ERR_INVALID_SIGNAL'],
  ])('%s', async (_, options, name, code) => {
    const { queue, started } = hold(1)
    const deferred = queue.put('a', options)
    expect(await outcome(deferred)).toMatchObject({ name, code })
    expect(deferred.job.state).toBe('failed')
    expect(deferred.job.failure?.value).toMatchObject({ code })
    expect(await outcome(deferred.job.watch())).toMatchObject({ code })
    expect(started).toEqual([])
    expect(queue.size()).toEqual({ pending: 0, underway: 0 })
  })

  test('options that throw when they are read fail the job', async () => {
    const options = { get priority(): number { return thrower(new Error('no')) } }
    expect(await outcome(hold(1).queue.put('a', options))).toMatchObject({ message: 'no' })
  })

  test('more than its size, with QueueOverflow; jobs underway do not count', async () => {
    const { queue, end } = hold(1, { size: 2 })
    for (const name of 'abc') queue.put(name)
    const overflow = queue.put('d', { priority: -1 })
    expect(await outcome(overflow)).toMatchObject({ name: 'QueueOverflow', code: 'ERR_QUEUE_OVERFLOW' })
    expect(overflow.job.state).toBe('failed')
    end('a')
    expect(queue.put('e').job.state).toBe('pending')
  })

  test('with a size of 0, whatever cannot start at once', async () => {
    const { queue, started } = hold(1, { size: 0 })
    queue.put('a')
    expect(await outcome(queue.put('b'))).toMatchObject({ code: 'ERR_QUEUE_OVERFLOW' })
    expect(started).toEqual(['a'])
  })

  test('anything once it was stopped, with QueueStopped', async () => {
    const { queue } = hold(1)
    queue.stop()
    const late = queue.put('a')
    expect(await outcome(late)).toMatchObject({ name: 'QueueStopped', code: 'ERR_QUEUE_STOPPED' })
    expect(late.job.state).toBe('failed')
  })
})

describe('wrong use', () => {
  const make = (options: object): (() => unknown) => () => new ResizableDispatchQueue(() => {}, options)
  test.each<[string, () => unknown, string, string]>([
    ['no function', () => new ResizableDispatchQueue(undefined as never), 'TypeError', 'ERR_NOT_A_FUNCTION'],
    ['null for options', make(null as never), 'TypeError', 'ERR_INVALID_OPTIONS'],
    ['a number for options', make(5 as never), 'TypeError', 'ERR_INVALID_OPTIONS'],
    ['null to stop', () => new ResizableDispatchQueue(() => {}).stop(null as never), 'TypeError', 'ERR_INVALID_OPTIONS'],
    ['a negative width', make({ width: -1 }), 'RangeError', 'ERR_INVALID_WIDTH'],
    ['a broken width', make({ width: 1.5 }), 'RangeError', 'ERR_INVALID_WIDTH'],
    ['a width in words', make({ width: '2' }), 'RangeError', 'ERR_INVALID_WIDTH'],
    ['a width without end', make({ width: Infinity }), 'RangeError', 'ERR_INVALID_WIDTH'],
    ['a negative size', make({ size: -1 }), 'RangeError', 'ERR_INVALID_SIZE'],
    ['a rate of none', make({ rate: { limit: 0, per: 1 } }), 'RangeError', 'ERR_INVALID_RATE'],
    ['a rate in no time', make({ rate: { limit: 1, per: 0 } }), 'RangeError', 'ERR_INVALID_RATE'],
    ['a rate that is none', make({ rate: null }), 'RangeError', 'ERR_INVALID_RATE'],
  ])('%s is refused with a code', (_, use, name, code) => {
    expect(use).toThrow(expect.objectContaining({ name, code }))
  })

  test('a wrong width, rate or resume changes nothing', () => {
    const { queue } = hold(2, { rate: { limit: 3, per: 10 } })
    queue.pause()
    expect(() => (queue.width = NaN)).toThrow(RangeError)
    expect(() => queue.setRate({ limit: 1.5, per: 1 })).toThrow(RangeError)
    expect(() => queue.resume(-1)).toThrow(RangeError)
    expect([queue.width, queue.rate, queue.paused]).toEqual([2, { limit: 3, per: 10 }, true])
  })
})

function thrower(error: unknown): never {
  throw error
}

function thenable(then: (onValue: (value: unknown) => void) => void): PromiseLike<unknown> {
  return { then } as unknown as PromiseLike<unknown>
}

/** A clock whose timers all fire in the next microtask: something has to happen later, but nobody has to wait. */
class Ticking extends ManualClock {
  override setTimeout(fn: () => void): unknown {
    queueMicrotask(fn)
    return undefined
  }
}

test('a handler that throws or rejects with what cannot even be looked at fails its job, and the queue goes on', async () => {
  const unlookable = (): Error => {
    const { proxy, revoke } = Proxy.revocable(new Error('x'), {})
    revoke()
    return proxy
  }
  const queue = new ResizableDispatchQueue(
    (how: string) => {
      if (how === 'throws') throw unlookable()
      return how === 'rejects' ? Promise.reject(unlookable()) : how
    },
    { width: 1 },
  )
  const states = ['throws', 'rejects', 'fine'].map((how) => queue.put(how).addBoth(() => 'over'))
  expect(await Promise.all(states)).toEqual(['over', 'over', 'over'])
  expect(queue.status().counts).toEqual({ pending: 0, underway: 0, finished: 1, failed: 2, cancelled: 0 })
})
