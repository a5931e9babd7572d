import {
  abortable,
  Deferred,
  DeferredLock,
  DeferredSemaphore,
  fail,
  Failure,
  inlineCallbacks,
  ManualClock,
  type Permit,
  QueueUnderflow,
  sleep,
  succeed,
} from 'potoroo'
import { describe, expect, test } from 'vitest'
import { outcome } from '../deferred/outcome.ts'

/** The permit of a deferred that has one. */
function permitOf(acquired: Deferred<Permit>): Permit {
  const seen = acquired.peek()
  if (seen.status !== 'fulfilled') throw new Error(`expected a permit, the deferred is ${seen.status}`)
  return seen.value
}

describe('acquiring', () => {
  test('as many hold a place as there are, and the next gets the first that is released', () => {
    const semaphore = new DeferredSemaphore(2)
    const [a, b, c, d] = [1, 2, 3, 4].map(() => semaphore.acquire()) as [Deferred<Permit>, Deferred<Permit>, Deferred<Permit>, Deferred<Permit>]
    expect([a, b, c, d].map(({ called }) => called)).toEqual([true, true, false, false])
    expect([semaphore.tokens, semaphore.held, semaphore.waiting]).toEqual([2, 2, 2])
    permitOf(b).release()
    expect([c.called, d.called, semaphore.held, semaphore.waiting]).toEqual([true, false, 2, 1])
    for (const held of [a, c]) permitOf(held).release()
    permitOf(d).release()
    expect([semaphore.held, semaphore.waiting]).toEqual([0, 0])
  })

  test('a permit is released once, and releasing it again takes nobody’s place', () => {
    const lock = new DeferredLock()
    const permit = permitOf(lock.acquire())
    expect(permit.released).toBe(false)
    permit.release()
    const other = permitOf(lock.acquire())
    permit.release()
    permit[Symbol.dispose]()
    expect([permit.released, other.released, lock.locked]).toEqual([true, false, true])
    other.release()
    expect(lock.locked).toBe(false)
  })

  test('a block gives its place back at its end, also when it throws', async () => {
    const lock = new DeferredLock()
    const turns: string[] = []
    const turn = async (name: string): Promise<void> => {
      using permit = await lock.acquire()
      turns.push(`${name} in`)
      await new Promise(setImmediate)
      turns.push(`${name} out`)
      if (name === 'a') throw permit
    }
    const results = await Promise.allSettled(['a', 'b', 'c'].map(turn))
    expect(turns).toEqual(['a in', 'a out', 'b in', 'b out', 'c in', 'c out'])
    expect([results.map(({ status }) => status), lock.locked]).toEqual([['rejected', 'fulfilled', 'fulfilled'], false])
  })

  test('whoever cancels leaves the line; once there is a permit, cancelling does nothing', () => {
    const lock = new DeferredLock()
    const [first, second, third] = [lock.acquire(), lock.acquire().addErrback(() => 'cancelled'), lock.acquire()]
    second.cancel()
    first.cancel()
    expect([outcome(second).value, lock.waiting, lock.locked]).toEqual(['cancelled', 1, true])
    permitOf(first).release()
    expect(third.called).toBe(true)
  })

  test('nobody gets in before those who wait, not even whoever is told of a free place', () => {
    const semaphore = new DeferredSemaphore(0)
    const order: string[] = []
    semaphore.acquire().addCallback((permit) => {
      order.push('a')
      semaphore.acquire().addCallback(() => order.push('d'))
      permit.release()
    })
    for (const name of ['b', 'c']) semaphore.acquire().addCallback((permit) => (order.push(name), permit.release()))
    semaphore.resize(2)
    expect(order).toEqual(['a', 'b', 'c', 'd'])
  })

  test('a line of 100,000 that all release at once does not overflow the stack', () => {
    const lock = new DeferredLock()
    const first = permitOf(lock.acquire())
    let done = 0
    for (let i = 0; i < 50_000; i++) {
      lock.acquire().addCallback((permit) => permit.release())
      lock.run(() => done++)
    }
    first.release()
    expect([done, lock.locked, lock.waiting]).toEqual([50_000, false, 0])
  })
})

describe('resizing', () => {
  test('more places go to those who wait; fewer let those who hold one finish', () => {
    const semaphore = new DeferredSemaphore(0)
    const all = Array.from({ length: 4 }, () => semaphore.acquire())
    const gotIn = (): number => all.filter(({ called }) => called).length
    expect(gotIn()).toBe(0)
    semaphore.resize(3)
    expect([gotIn(), semaphore.tokens]).toEqual([3, 3])
    semaphore.resize(1)
    expect([gotIn(), semaphore.held, semaphore.tokens]).toEqual([3, 3, 1])
    permitOf(all[0] as Deferred<Permit>).release()
    permitOf(all[1] as Deferred<Permit>).release()
    expect([gotIn(), semaphore.held]).toEqual([3, 1])
    permitOf(all[2] as Deferred<Permit>).release()
    expect([gotIn(), semaphore.held]).toEqual([4, 1])
  })

  test('it may be resized by whoever gets in', () => {
    const semaphore = new DeferredSemaphore(0)
    const all = Array.from({ length: 4 }, () => semaphore.acquire())
    all[0]?.addCallback(() => semaphore.resize(1))
    all[1]?.addCallback(() => expect.fail('there is one place only'))
    semaphore.resize(4)
    expect([semaphore.held, semaphore.waiting]).toEqual([1, 3])
  })

  test.each([-1, 0.5, NaN, undefined as never, '1' as never])('%s is no number of places, and changes nothing', (tokens) => {
    const error = expect.objectContaining({ name: 'RangeError', code: 'ERR_INVALID_SIZE' })
    expect(() => new DeferredSemaphore(tokens)).toThrow(error)
    const semaphore = new DeferredSemaphore(1)
    expect(() => semaphore.resize(tokens)).toThrow(error)
    expect(semaphore.tokens).toBe(1)
  })

  test('there may be any number of places', () => {
    const semaphore = new DeferredSemaphore(Infinity)
    for (let i = 0; i < 100; i++) expect(semaphore.acquire().called).toBe(true)
  })
})

describe('running', () => {
  test('calls with the arguments, at once if there is a place, and fires with what comes of it', async () => {
    const lock = new DeferredLock()
    expect(outcome(lock.run((a: number, b: number) => a + b, 1, 2)).value).toBe(3)
    expect(outcome(lock.run(() => succeed('deferred'))).value).toBe('deferred')
    expect(await lock.run(async () => 'promise')).toBe('promise')
    expect(lock.locked).toBe(false)
  })

  test('has its place until the work has ended, well or badly', async () => {
    const lock = new DeferredLock()
    const work = new Deferred<string>()
    const [first, second] = [lock.run(() => work), lock.run(() => 'next')]
    expect([lock.locked, second.called]).toEqual([true, false])
    work.errback('broken')
    expect([outcome(first).error, outcome(second).value]).toEqual(['broken', 'next'])
    const thrown = new Error('thrown')
    const ways: (() => unknown)[] = [
      () => {
        throw thrown
      },
      () => fail(thrown),
      () => new Failure(thrown),
      async () => {
        throw thrown
      },
      () => ({
        get then(): never {
          throw thrown
        },
      }),
    ]
    for (const way of ways) await expect(lock.run(way)).rejects.toBe(thrown)
    expect(lock.locked).toBe(false)
  })

  test('works one after the other, in order', async () => {
    const clock = new ManualClock()
    const lock = new DeferredLock()
    const turns: unknown[] = []
    const all = [3, 2, 1].map((n) => lock.run((n: number) => sleep(clock, n, n).addCallback((n) => turns.push(n, clock.now())), n))
    clock.advance(6)
    expect([turns, all.every(({ called }) => called)]).toEqual([[3, 3, 2, 5, 1, 6], true])
  })

  test('cancelled while it waits, it is never called', () => {
    const lock = new DeferredLock()
    const permit = permitOf(lock.acquire())
    const run = lock.run(() => expect.fail('it was called'))
    run.cancel('changed my mind')
    expect(outcome(run).error).toMatchObject({ code: 'ERR_CANCELLED', cause: 'changed my mind' })
    permit.release()
    expect([lock.waiting, lock.locked]).toEqual([0, false])
  })

  test('cancelled while its deferred runs, it cancels that, and the place is free when that has fired', () => {
    const lock = new DeferredLock()
    const reasons: unknown[] = []
    const run = lock.run(() => new Deferred<string>((_, reason) => reasons.push(reason, lock.locked)))
    run.cancel('why')
    expect(outcome(run).error).toMatchObject({ code: 'ERR_CANCELLED' })
    expect([reasons, lock.locked]).toEqual([['why', true], false])
    const saved = lock.run(() => new Deferred<string>((deferred) => deferred.callback('saved')))
    saved.cancel()
    expect(outcome(saved).value).toBe('saved')
  })

  test('cancelled while a coroutine runs, its place is free when the coroutine has cleaned up', () => {
    const clock = new ManualClock()
    const lock = new DeferredLock()
    const transfer = inlineCallbacks(function* () {
      try {
        yield* new Deferred<void>()
        return 'done'
      } catch {
        yield* sleep(clock, 10)
        return 'rolled back'
      }
    })
    const run = lock.run(transfer)
    const next = outcome(lock.run(() => clock.now()))
    run.cancel()
    expect([next.settled, lock.locked]).toEqual([false, true])
    clock.advance(10)
    expect([outcome(run).value, next.value, lock.locked]).toEqual(['rolled back', 10, false])
  })

  test('cancelled while a promise runs, it fails at once, and the place is free when the promise has settled', async () => {
    const lock = new DeferredLock()
    for (const how of ['callback', 'errback'] as const) {
      const work = new Deferred<string>()
      const run = lock.run(() => work.then())
      const next = outcome(lock.run(() => 'next'))
      run.cancel()
      expect(outcome(run).error).toMatchObject({ code: 'ERR_CANCELLED' })
      expect([lock.locked, next.settled]).toEqual([true, false])
      work[how]('too late')
      await new Promise(setImmediate)
      expect(next.value).toBe('next')
    }
  })

  test('an abortable promise is stopped by cancelling', () => {
    const lock = new DeferredLock()
    let signal: AbortSignal | undefined
    const run = lock.run(() => abortable((given) => ((signal = given), new Promise<string>(() => {}))))
    run.addErrback(() => {})
    run.cancel()
    expect([signal?.aborted, lock.locked]).toEqual([true, false])
  })

  test('a thenable is asked once, and only its first word counts', () => {
    const lock = new DeferredLock()
    let asked = 0
    const run = lock.run(() => ({
      then(onValue: (value: string) => void) {
        asked++
        onValue('first')
        onValue('second')
      },
    }))
    expect([outcome(run).value, asked, lock.locked]).toEqual(['first', 1, false])
  })

  test('fired by hand, it calls nothing', () => {
    const lock = new DeferredLock()
    const permit = permitOf(lock.acquire())
    const run = lock.run(() => expect.fail('it was called')) as Deferred<unknown>
    run.callback('by hand')
    permit.release()
    expect([outcome(run).value, lock.locked]).toEqual(['by hand', false])
  })

  test('what is no function is refused at the door', () => {
    const error = expect.objectContaining({ name: 'TypeError', code: 'ERR_NOT_A_FUNCTION' })
    expect(() => new DeferredLock().run('x' as never)).toThrow(error)
  })
})

describe.each([
  ['semaphore', (backlog?: number) => new DeferredSemaphore(1, { backlog })],
  ['lock', (backlog?: number) => new DeferredLock({ backlog })],
] as const)('a %s', (_, make) => {
  test('lets no more wait than its backlog', () => {
    const permits = make(1)
    const [held, waits] = [permits.acquire(), outcome(permits.run(() => 'ran'))]
    expect(() => permits.acquire()).toThrow(QueueUnderflow)
    expect(() => permits.run(() => {})).toThrow(expect.objectContaining({ code: 'ERR_QUEUE_UNDERFLOW' }))
    permitOf(held).release()
    expect(waits.value).toBe('ran')
    expect(() => make(-1)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_SIZE' }))
  })

  test('once closed has failed whoever waited, lets nobody in, and those who hold a place finish', () => {
    const permits = make()
    const work = new Deferred<string>()
    const running = outcome(permits.run(() => work))
    const [waits, calls] = [outcome(permits.acquire()), outcome(permits.run(() => expect.fail('it was called')))]
    permits.close('enough')
    const error = expect.objectContaining({ code: 'ERR_CLOSED', cause: 'enough' })
    expect([waits.error, calls.error, permits.waiting, permits.closed]).toEqual([error, error, 0, true])
    work.callback('finished')
    expect(running.value).toBe('finished')
    expect([outcome(permits.acquire()).error, outcome(permits.run(() => expect.fail('it was called'))).error]).toEqual([error, error])
  })

  test('is closed by the end of its block', () => {
    let waits: Deferred<Permit>
    {
      using permits = make()
      permits.acquire()
      waits = permits.acquire()
    }
    expect(outcome(waits).error).toMatchObject({ code: 'ERR_CLOSED' })
  })
})
