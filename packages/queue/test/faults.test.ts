import { type Exchange, memoryStore, openQueue, Permanent, type QueueStore, RetryAfter, type Store, StoreError, TOKEN_SEPARATOR } from '@potoroo/queue'
import { type Deferred, fail, ManualClock } from 'potoroo'
import { describe, expect, it, vi } from 'vitest'
import { Bench, codeOf, NOW, settle } from './bench.ts'

type Operation = 'put' | 'exchange' | 'renew' | 'retire' | 'recover' | 'change' | 'update' | 'job' | 'status' | 'prune' | 'open'

/** A store whose operations fail for as long as they are in `broken`; of what fails, nothing is done. */
class BrittleStore implements Store {
  readonly broken = new Set<Operation>()
  renewals = 0
  /** Exchanges are made, rolled back and made again. */
  stumbles = false
  readonly inner = memoryStore()
  readonly queues = () => this.inner.queues()

  open: Store['open'] = (...args) => {
    if (this.broken.has('open')) return this.#fail()
    return this.inner.open(...args).addCallback((queue) => this.#wrap(queue))
  }

  #wrap(queue: QueueStore): QueueStore {
    return new Proxy(queue, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target)
        if (typeof value !== 'function') return value
        return (...args: unknown[]): unknown => {
          if (name === 'renew') this.renewals++
          if (name === 'exchange' && this.stumbles) args = [twice(args[0] as () => Exchange)]
          if (!this.broken.has(name as Operation)) return Reflect.apply(value, target, args)
          // Rolled back after the exchange was made: what it said must be said again.
          if (name === 'exchange') (args[0] as () => Exchange)()
          return this.#fail()
        }
      },
    })
  }

  #fail(): Deferred<never> {
    return fail(new StoreError('ERR_STORE_FULL', 'The disk is full'))
  }
}

function twice(make: () => Exchange): () => Exchange {
  return () => {
    make()
    return make()
  }
}

async function brittle(options: object = {}): Promise<{ bench: Bench; store: BrittleStore }> {
  const store = new BrittleStore()
  return { store, bench: await Bench.open({ store, ...options }) }
}

describe('a store that fails', () => {
  it('fails the put, and nothing of it is there', async () => {
    const { bench, store } = await brittle()
    await using _ = bench
    store.broken.add('put')
    expect(await codeOf(bench.queue.put(1))).toBe('ERR_STORE_FULL')
    store.broken.clear()
    expect((await bench.queue.list()).jobs).toEqual([])
    await bench.queue.put(2)
    await bench.called(1)
  })

  it('loses no result: it is recorded when the store is back, by itself', async () => {
    const { bench, store } = await brittle({ width: 3 })
    await using _ = bench
    const jobs = await bench.queue.putMany([{ arg: 'a' }, { arg: 'b' }, { arg: 'c' }, { arg: 'd' }])
    const watching = jobs.map((job) => job.watch())
    await bench.called(3)
    store.broken.add('exchange')
    bench.calls[0]!.finish('of a')
    await settle()
    bench.calls[1]!.finish('of b')
    await bench.advance(10_000)
    expect((await bench.queue.counts()).underway).toBe(3)
    expect(bench.warnings.length).toBeGreaterThan(1)
    expect(bench.warnings[0]).toMatchObject({ code: 'ERR_STORE_FULL' })
    store.broken.clear()
    await bench.advance(500)
    expect([(await watching[0]!).result, (await watching[1]!).result]).toEqual(['of a', 'of b'])
    await bench.called(4)
    bench.calls[2]!.finish()
    bench.calls[3]!.finish()
    for (const each of watching) expect((await each).attempt).toBe(1)
  })

  it('keeps holding the queue back that a handler asked to hold', async () => {
    const { bench, store } = await brittle({ width: 1, rate: { limit: 5, per: 100 } })
    await using _ = bench
    await bench.queue.putMany([{ arg: 'a' }, { arg: 'b' }])
    await bench.called(1)
    store.broken.add('exchange')
    bench.calls[0]!.fail(new RetryAfter(2_000))
    await settle()
    await bench.advance(600)
    store.broken.clear()
    await bench.advance(500)
    expect((await bench.queue.status()).heldUntil).toBe(bench.clock.now() + 900)
    expect(bench.calls.length).toBe(1)
    await bench.advance(900)
    expect(bench.calls.length).toBe(2)
  })

  it('starts what it could not claim, when it is back', async () => {
    const { bench, store } = await brittle()
    await using _ = bench
    store.broken.add('exchange')
    await bench.queue.put(1)
    await bench.advance(5_000)
    expect(bench.calls.length).toBe(0)
    store.broken.clear()
    await bench.advance(500)
    expect(bench.calls.length).toBe(1)
  })

  it('and tries an exchange again by itself is told all of it again, and asked for as many jobs', async () => {
    const { bench, store } = await brittle({ width: 2, rate: { limit: 9, per: 100 } })
    await using _ = bench
    store.stumbles = true
    const jobs = await bench.queue.putMany([{ arg: 'a' }, { arg: 'b' }, { arg: 'c' }])
    await bench.called(2)
    bench.calls[0]!.finish('of a')
    expect((await jobs[0]!.watch()).result).toBe('of a')
    await bench.called(3)
    expect(bench.calls[2]!.job.attemptToken).toBe((await bench.queue.job(jobs[2]!.id)).attemptToken)
    bench.calls[1]!.fail(new RetryAfter(2_000))
    await settle()
    expect((await bench.queue.status()).heldUntil).toBe(NOW + 2_000)
    expect((await bench.queue.status()).places).toBe(1)
    await bench.advance(2_000)
    await bench.called(4)
    expect(bench.warnings).toEqual([])
  })

  it('is told of as a warning when upkeep fails, which is tried again', async () => {
    const { bench, store } = await brittle({ keep: { finished: 1 }, handler: () => 'done' })
    await using _ = bench
    const { id } = await bench.queue.put(1)
    await bench.state(id, 'finished')
    for (const operation of ['renew', 'recover', 'prune'] as const) store.broken.add(operation)
    await bench.advance(60_020)
    expect(bench.warnings.length).toBeGreaterThan(2)
    store.broken.clear()
    await bench.advance(120_000)
    expect(await codeOf(bench.queue.job(id))).toBe('ERR_JOB_NOT_FOUND')
  })

  it('has a lease renewed soon after it is back', async () => {
    const { bench, store } = await brittle({ lease: 30_000 })
    await using _ = bench
    store.broken.add('renew')
    await bench.advance(10_000)
    const before = store.renewals
    store.broken.clear()
    await bench.advance(1_000)
    expect(store.renewals).toBe(before + 1)
    await bench.advance(9_999)
    expect(store.renewals).toBe(before + 1)
  })

  it('does not make those wait for ever who wait for the queue to be idle', async () => {
    const { bench, store } = await brittle()
    await using _ = bench
    await bench.queue.put(1)
    await bench.called(1)
    const idle = bench.queue.idle()
    const late = bench.queue.idle()
    await settle()
    // What is told last is that all is done, and that cannot be looked at.
    store.broken.add('status')
    bench.calls[0]!.finish()
    await settle()
    late.cancel()
    await expect(late).rejects.toMatchObject({ code: 'ERR_CANCELLED' })
    await bench.advance(1_000)
    expect(idle.called).toBe(false)
    store.broken.clear()
    await bench.advance(500)
    await idle
  })

  it('fails a watch that it cannot look for, and only that', async () => {
    const { bench, store } = await brittle()
    await using _ = bench
    const job = await bench.queue.put(1)
    const first = job.watch()
    await bench.called(1)
    store.broken.add('job')
    expect(await codeOf(job.watch())).toBe('ERR_STORE_FULL')
    bench.calls[0]!.finish()
    expect((await first).state).toBe('finished')
  })

  it('does not keep a stop from ending, given a time', async () => {
    const { bench, store } = await brittle()
    await using _ = bench
    await bench.queue.put(1)
    await bench.called(1)
    store.broken.add('exchange')
    store.broken.add('retire')
    bench.calls[0]!.finish()
    await settle()
    const stopped = bench.queue.stop({ within: 1_000 })
    await bench.advance(1_000)
    await stopped
    expect(bench.clock.pendingTimers).toBe(0)
  })

  it('is waited for by a stop without a time: what is not recorded is done again', async () => {
    const { bench, store } = await brittle()
    await using _ = bench
    const { id } = await bench.queue.put(1)
    await bench.called(1)
    store.broken.add('exchange')
    bench.calls[0]!.finish()
    await settle()
    const stopped = bench.queue.stop()
    await bench.advance(3_000)
    expect(stopped.peek().status).toBe('pending')
    store.broken.clear()
    await bench.advance(500)
    await stopped
    await using other = await Bench.open({ store, clock: bench.clock })
    expect((await other.queue.job(id)).state).toBe('finished')
  })

  it('that cannot be opened fails openQueue, and leaves nothing open', async () => {
    const store = new BrittleStore()
    store.broken.add('open')
    expect(await codeOf(openQueue({ name: 'q', store, handler: () => 0 }))).toBe('ERR_STORE_FULL')
    store.broken.clear()
    store.broken.add('recover')
    store.broken.add('renew')
    expect(await codeOf(openQueue({ name: 'q', store, handler: () => 0 }))).toBe('ERR_STORE_FULL')
    store.broken.clear()
    await using bench = await Bench.open({ store })
    await bench.queue.put(1)
    await bench.called(1)
  })
})

describe('a lease that is lost', () => {
  /** Takes a worker's lease away, as another process does that takes it for dead. */
  async function takeLease(bench: Bench): Promise<void> {
    const [id] = bench.calls[0]!.job.attemptToken!.split(TOKEN_SEPARATOR)
    const raw = await bench.store.open('q', {}, () => {})
    await raw.retire({ id: id!, lease: 0 }, bench.clock.now())
    await raw.close()
  }

  it('aborts the handlers, and their late results are refused and told of', async () => {
    await using bench = await Bench.open({ width: 2, lease: 30_000 })
    const [a, b] = await bench.queue.putMany([{ arg: 'a' }, { arg: 'b' }])
    await bench.called(2)
    await takeLease(bench)
    bench.calls[0]!.finish('too late')
    await settle()
    expect(await bench.queue.job(a!.id)).toMatchObject({ result: undefined })
    expect(bench.warnings.map(({ message }) => message)).toEqual([expect.stringContaining(a!.id)])
    expect(bench.calls[1]!.job.signal.aborted).toBe(false)
    await bench.advance(10_000)
    expect(bench.calls[1]!.job.signal.aborted).toBe(true)
    bench.calls[1]!.finish('too late')
    await bench.called(4)
    bench.calls[2]!.finish('again')
    bench.calls[3]!.finish('again')
    for (const { id } of [a!, b!]) expect((await bench.state(id, 'finished')).result).toBe('again')
  })

  it('keeps the places of handlers that go on all the same', async () => {
    await using bench = await Bench.open({ width: 5, localWidth: 2 })
    await bench.queue.putMany([{ arg: 'a' }, { arg: 'b' }, { arg: 'c' }])
    await bench.called(2)
    await takeLease(bench)
    await bench.advance(10_000)
    expect(bench.calls.length).toBe(2)
    bench.calls[0]!.finish()
    await bench.called(3)
    const stopped = bench.queue.stop()
    bench.calls[2]!.finish()
    await settle()
    expect(stopped.called).toBe(false)
    bench.calls[1]!.finish()
    await stopped
  })
})

describe('a handler that nobody would write', () => {
  const revoked = (): object => {
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    return proxy
  }
  const thrower = (thrown: unknown) => (): never => {
    throw thrown
  }
  const unreadable = {
    get message(): never {
      throw new Error('No message for you')
    },
  }
  const oddities: [what: string, handler: () => unknown][] = [
    ['returns a revoked proxy', revoked],
    ['returns an object whose then cannot be looked at', () => ({ get then(): never { throw new Error('No') } })],
    ['returns a thenable that answers twice and throws', () => ({ then: (_: unknown, bad: (error: unknown) => void) => (bad(1), bad(2), thrower(3)()) })],
    ['returns what cannot be JSON', () => ({ toJSON: thrower(new Error('Not me')) })],
    ['throws a revoked proxy', thrower(revoked())],
    ['rejects with a revoked proxy', () => Promise.reject(revoked())],
    ['throws an object without a prototype', thrower(Object.create(null))],
    ['rejects with an object without a prototype', () => Promise.reject(Object.create(null))],
    ['throws an error whose message cannot be read', thrower(unreadable)],
    ['throws such an error for good', () => thrower(new Permanent(unreadable))()],
    ['throws nothing', thrower(undefined)],
    ['throws a symbol', thrower(Symbol('thrown'))],
  ]
  it.each(oddities)('fails its job if it %s, and gives its place back', async (_, handler) => {
    await using bench = await Bench.open({ width: 1, retry: { maxAttempts: 1 }, handler })
    const [first, second] = await bench.queue.putMany([{ arg: 1 }, { arg: 2 }])
    for (const { id } of [first!, second!]) {
      const { error } = await bench.state(id, 'failed')
      expect(error).toMatchObject({ name: expect.any(String), message: expect.any(String) })
    }
    await settle()
    expect((await bench.queue.status()).places).toBe(0)
    expect(bench.warnings).toEqual([])
  })
})

describe('what the user gives besides a handler', () => {
  it('may be a backoff that throws: the job fails with that', async () => {
    const backoff = {
      *[Symbol.iterator](): Generator<number> {
        yield 10
        throw new Error('No more delays')
      },
    }
    await using bench = await Bench.open({ width: 1, retry: { maxAttempts: 5, backoff } })
    const { id } = await bench.queue.put(1)
    await bench.called(1)
    bench.calls[0]!.fail()
    await settle()
    await bench.advance(10)
    await bench.called(2)
    bench.calls[1]!.fail()
    expect(await bench.state(id, 'failed')).toMatchObject({ attempt: 2, error: { message: 'No more delays' } })
    expect((await bench.queue.status()).places).toBe(0)
  })

  it('may be a listener for warnings that throws: the queue goes on, and both are told', async () => {
    using emitted = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    const { bench, store } = await brittle({
      onWarning: () => {
        throw new Error('I cannot listen')
      },
    })
    await using _ = bench
    store.broken.add('exchange')
    await bench.queue.put(1)
    await settle()
    store.broken.clear()
    await bench.advance(500)
    await bench.called(1)
    const told = emitted.mock.calls.map(([message]) => message)
    expect(told.slice(0, 2)).toEqual(['The disk is full', 'onWarning threw: I cannot listen'])
  })
})

describe('a clock that is set', () => {
  const HOUR = 60 * 60 * 1_000

  /** Its timers know nothing of it. */
  class WrongClock extends ManualClock {
    offset = 0
    override now(): number {
      return super.now() + this.offset
    }
  }

  it('forward lets start what is due then, as soon as somebody looks', async () => {
    const clock = new WrongClock(NOW)
    await using bench = await Bench.open({ clock, lease: 30_000 })
    await bench.queue.put(1, { delay: HOUR })
    await bench.advance(1)
    clock.offset = HOUR
    await bench.advance(10_000)
    await bench.called(1)
  })

  it('back lets a held queue go on when the time is over', async () => {
    const clock = new WrongClock(NOW)
    await using bench = await Bench.open({ clock, width: 1 })
    await bench.queue.put(1)
    await bench.called(1)
    bench.calls[0]!.fail(new RetryAfter(2_000))
    await settle()
    clock.offset = -HOUR
    await bench.advance(1_999)
    expect(bench.calls.length).toBe(1)
    await bench.advance(1)
    // By now it is known that the clock was set; what was left of the hold is counted from here.
    await bench.advance(2_000)
    expect(bench.calls.length).toBe(2)
  })
})
