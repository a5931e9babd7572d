import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Deferred, DeferredPool, fail, type Failure, setUnhandledFailureHandler, sleep, ManualClock, succeed } from 'potoroo'
import { expect, test } from 'vitest'
import { outcome } from '../deferred/outcome.ts'

test('a pool is empty when all of its deferreds have fired, whether well or badly', () => {
  const pool = new DeferredPool()
  const [a, b] = [pool.add(new Deferred<string>()), pool.add(new Deferred<number>())]
  const empty = pool.notifyWhenEmpty()
  expect(pool.status()).toEqual({ outstanding: 2, waiting: 1 })
  a.callback('a')
  expect([pool.size, empty.called]).toEqual([1, false])
  b.addErrback(() => {})
  b.errback(new Error('broken'))
  expect([pool.size, empty.called]).toEqual([0, true])
  expect(pool.status()).toEqual({ outstanding: 0, waiting: 0 })
})

test('adding gives back the same deferred, and its results go on as they are', () => {
  const pool = new DeferredPool()
  const deferred = new Deferred<string>()
  expect(pool.add(deferred)).toBe(deferred)
  const error = new Error('broken')
  const seen: unknown[] = []
  const failing = pool.add(new Deferred<string>()).addErrback((failure) => seen.push(failure.value))
  deferred.addCallback((value) => seen.push(value))
  deferred.callback('value')
  failing.errback(error)
  expect(seen).toEqual(['value', error])
})

test('a deferred that waits for another is outstanding until that has fired', () => {
  const clock = new ManualClock()
  const pool = new DeferredPool()
  pool.add(succeed().addCallback(() => sleep(clock, 10)))
  expect(pool.size).toBe(1)
  clock.advance(10)
  expect(pool.size).toBe(0)
})

test('who asks while the pool is empty is told at once, or if they want when it is empty again', () => {
  const pool = new DeferredPool()
  expect(pool.notifyWhenEmpty().called).toBe(true)
  const next = pool.notifyWhenEmpty({ testImmediately: false })
  expect(next.called).toBe(false)
  pool.add(succeed())
  expect(next.called).toBe(true)
})

test('a deferred that is added again counts once', () => {
  const pool = new DeferredPool()
  const deferred = new Deferred()
  pool.add(deferred)
  pool.add(deferred)
  expect(pool.size).toBe(1)
  deferred.callback()
  expect(pool.size).toBe(0)
})

test('who waits for the pool may cancel that, and is let go of', () => {
  const pool = new DeferredPool()
  const deferred = pool.add(new Deferred())
  const [first, second] = [pool.notifyWhenEmpty(), pool.notifyWhenEmpty()]
  first.addErrback(() => {})
  first.cancel()
  expect(pool.status()).toEqual({ outstanding: 1, waiting: 1 })
  deferred.callback()
  expect(second.called).toBe(true)
})

test('who is told may fill the pool again, cancel others who wait, and wait anew', () => {
  const pool = new DeferredPool()
  const deferred = pool.add(new Deferred())
  let again: Deferred<void> | undefined
  const told: string[] = []
  pool.notifyWhenEmpty().addCallback(() => {
    pool.add(new Deferred())
    again = pool.notifyWhenEmpty()
    second.cancel()
  })
  const second = pool.notifyWhenEmpty().addBoth((result) => void told.push(String(result)))
  pool.notifyWhenEmpty().addCallback(() => told.push('third'))
  deferred.callback()
  expect(told.length).toBe(2)
  expect(told[1]).toBe('third')
  expect([again?.called, pool.size]).toEqual([false, 1])
})

test('cancelling a member takes it out', () => {
  const pool = new DeferredPool()
  const deferred = pool.add(new Deferred())
  deferred.addErrback(() => {})
  deferred.cancel()
  expect(pool.size).toBe(0)
})

test('a failure that only the pool has seen is still reported as unhandled', async () => {
  const reported = new Deferred<unknown>()
  const before = setUnhandledFailureHandler((failure: Failure) => reported.callback(failure.value))
  const error = new Error('broken')
  const pool = new DeferredPool()
  pool.add(fail(error))
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  const turn = setInterval(gc)
  expect(await reported).toBe(error)
  clearInterval(turn)
  setUnhandledFailureHandler(before)
})

test('closed, it takes nothing more, and has failed whoever waited; those in it go on', () => {
  const pool = new DeferredPool()
  const member = pool.add(new Deferred<string>())
  const waits = outcome(pool.notifyWhenEmpty())
  pool.close('going down')
  const error = expect.objectContaining({ code: 'ERR_CLOSED', cause: 'going down' })
  expect([waits.error, outcome(pool.notifyWhenEmpty()).error, pool.closed]).toEqual([error, error, true])
  expect(() => pool.add(new Deferred())).toThrow(error)
  member.callback('done')
  expect([outcome(member).value, pool.status()]).toEqual(['done', { outstanding: 0, waiting: 0 }])
  expect(outcome(pool.notifyWhenEmpty()).settled).toBe(true)
  expect(outcome(pool.notifyWhenEmpty({ testImmediately: false })).error).toEqual(error)
})

test('at the end of its block it waits until it is empty, what is added meanwhile included', async () => {
  const said: string[] = []
  const [first, second] = [new Deferred<void>(), new Deferred<void>()]
  const work = async (): Promise<DeferredPool> => {
    await using pool = new DeferredPool()
    pool.add(first).addCallback(() => void pool.add(second))
    said.push('end of block')
    return pool
  }
  const done = work()
  void done.then(() => said.push('empty'))
  for (const deferred of [first, second]) {
    await new Promise(setImmediate)
    said.push('fires')
    deferred.callback()
  }
  expect((await done).closed).toBe(true)
  expect(said).toEqual(['end of block', 'fires', 'fires', 'empty'])
})

test('closed within its block, it waits for nothing', async () => {
  let member: Deferred
  {
    await using pool = new DeferredPool()
    member = pool.add(new Deferred())
    pool.close()
  }
  expect(member.called).toBe(false)
})

test('what is no deferred is refused at the door', () => {
  const error = expect.objectContaining({ name: 'TypeError', code: 'ERR_NOT_A_DEFERRED' })
  expect(() => new DeferredPool().add(Promise.resolve() as never)).toThrow(error)
})
