import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import {
  type Awaitable,
  Deferred,
  fail,
  type Failure,
  JobFailed,
  ResizableDispatchQueue,
  setUnhandledFailureHandler,
  succeed,
} from 'potoroo'
import { afterEach, describe, expect, test } from 'vitest'

const MANY = 100_000

describe('many jobs, one leading to the next, do not overflow the stack', () => {
  test.each<[string, (n: number) => Awaitable<number>]>([
    ['return a value', (n) => n],
    ['return a deferred that has fired', (n) => succeed(n)],
    ['return a deferred that has failed', () => fail('broken')],
    ['throw', () => { throw new Error('broken') }],
  ])('pending jobs that %s', (_, handler) => {
    const queue = new ResizableDispatchQueue<number, number>(handler)
    let ended = 0
    for (let n = 0; n < MANY; n++) queue.put(n).addBoth(() => void ended++)
    queue.width = 1
    expect(ended).toBe(MANY)
  })

  test('handlers that put the next job, with room for all', () => {
    let calls = 0
    const queue = new ResizableDispatchQueue<number, void>(
      (n) => {
        calls++
        if (n > 0) queue.put(n - 1)
      },
      { width: MANY * 2 },
    )
    queue.put(MANY)
    expect(calls).toBe(MANY + 1)
    expect(queue.size()).toEqual({ pending: 0, underway: 0 })
  })

  test('handlers that put the next job, in a queue that lets none wait', () => {
    let calls = 0
    const queue = new ResizableDispatchQueue<number, void>(
      (n) => {
        calls++
        if (n > 0) queue.put(n - 1)
      },
      { width: MANY * 2, size: 0 },
    )
    queue.put(MANY)
    expect(calls).toBe(MANY + 1)
  })

  test('handlers that wait for the next job which they put', () => {
    const queue: ResizableDispatchQueue<number, number> = new ResizableDispatchQueue<number, number>(
      (n) => (n === 0 ? 0 : queue.put(n - 1).addCallback(({ result }) => (result as number) + 1)),
      { width: MANY * 2 },
    )
    expect(queue.put(MANY).job.result).toBe(MANY)
  })

  test('cancelling the first of such jobs cancels them all', () => {
    const queue: ResizableDispatchQueue<number, unknown> = new ResizableDispatchQueue<number, unknown>(
      (n) => (n === 0 ? new Deferred<void>() : queue.put(n - 1)),
      { width: MANY * 2 },
    )
    const first = queue.put(MANY)
    expect(queue.size().underway).toBe(MANY + 1)
    first.cancel()
    expect(queue.size()).toEqual({ pending: 0, underway: 0 })
    expect(first.job.state).toBe('cancelled')
  })

  test.each([1, 2])('callbacks that put the next job, %i of them at a time', (atATime) => {
    const queue = new ResizableDispatchQueue((n: number) => n)
    let ended = 0
    const next = (): void => {
      if (ended++ < MANY) queue.put(ended).addCallback(next)
    }
    for (let i = 0; i < atATime; i++) queue.put(0).addCallback(next)
    queue.width = 1
    expect(ended).toBe(MANY + atATime)
  })

  test('callbacks of work that ends later, which put the next jobs', () => {
    const work = new Deferred<number>()
    const queue = new ResizableDispatchQueue<number, number>((n) => (n === 0 ? work : n), { width: 1 })
    let ended = 0
    const next = (): void => {
      if (ended++ < MANY) queue.put(ended).addCallback(next)
    }
    queue.put(0).addCallback(next)
    work.callback(0)
    expect(ended).toBe(MANY + 1)
  })

  test('jobs whose work ends when the job before has', () => {
    const works: Deferred<void>[] = []
    const queue = new ResizableDispatchQueue<number, void>(
      () => {
        const work = new Deferred<void>()
        works.push(work)
        return work
      },
      { width: 5000 },
    )
    for (let n = 0; n < 5000; n++) queue.put(n).addCallback(() => void setImmediate().then(() => works[n + 1]?.callback()))
    works[0]?.callback()
    expect(queue.size().underway).toBe(4999)
    return queue.idle()
  })
})

describe('a failure that nobody looks at', () => {
  let restore = (): void => {}
  afterEach(() => restore())

  test.each<[string, (error: Error) => Awaitable<never>]>([
    ['throws', (error) => { throw error }],
    ['returns a rejected promise', (error) => Promise.reject(error)],
    ['returns a failed deferred', (error) => fail(error)],
    ['returns a deferred that fails later', (error) => Deferred.from(Promise.resolve()).addCallback(() => fail(error))],
  ])('of a handler that %s, is reported once', async (_, handler) => {
    const reported: unknown[] = []
    const before = setUnhandledFailureHandler((failure: Failure) => reported.push(failure.value))
    restore = () => void setUnhandledFailureHandler(before)
    const error = new Error('broken')
    const queue = new ResizableDispatchQueue<Error, never>(handler, { width: 1 })
    queue.put(error)
    await queue.idle()
    const collect = collector()
    while (reported.length === 0) await collect()
    for (let i = 0; i < 5; i++) await collect()
    expect(reported).toEqual([expect.any(JobFailed)])
    expect((reported[0] as JobFailed).cause).toBe(error)
  })
})

/** Collects garbage, and lets those who wait for that know. */
function collector(): () => Promise<void> {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  return async () => {
    await setImmediate()
    gc()
    await setImmediate()
  }
}
