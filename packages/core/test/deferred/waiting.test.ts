import { Deferred, fail, Failure, succeed } from 'potoroo'
import { expect, test } from 'vitest'
import { failureOf, outcome } from './outcome.ts'

test('a callback that returns a deferred suspends the chain until that fires; its result then belongs to the outer chain', () => {
  const inner = new Deferred<number>()
  const outer = succeed('start').addCallback(() => inner)
  const seen = outcome(outer)
  expect(outer.called).toBe(true)
  expect(outer.peek()).toEqual({ status: 'pending' })
  expect(seen.settled).toBe(false)
  inner.callback(7)
  expect(seen).toEqual({ settled: true, value: 7 })
  expect(inner.peek()).toEqual({ status: 'fulfilled', value: undefined })
})

test('a failure of the inner deferred goes on in the outer chain, and is no longer the inner one’s', () => {
  const inner = new Deferred<number>()
  const outer = succeed().addCallback(() => inner)
  inner.errback('x')
  expect(failureOf(outer).value).toBe('x')
  expect(inner.peek()).toEqual({ status: 'fulfilled', value: undefined })
})

test('an errback may return a deferred too', () => {
  const inner = new Deferred<string>()
  const seen = outcome(fail('x').addErrback(() => inner))
  inner.callback('recovered')
  expect(seen.value).toBe('recovered')
})

test('a fired deferred that is returned gives its result at once', () => {
  const inner = succeed(3)
  expect(outcome(succeed().addCallback(() => inner)).value).toBe(3)
  expect(inner.peek()).toEqual({ status: 'fulfilled', value: undefined })
})

test('a failed deferred that is returned gives its failure at once', () => {
  expect(failureOf(succeed().addCallback(() => fail('x'))).value).toBe('x')
})

test('the inner deferred’s own later callbacks go on without the result', () => {
  const inner = new Deferred<number>()
  const seen: unknown[] = []
  succeed()
    .addCallback(() => inner)
    .addCallback((n) => seen.push(['outer', n]))
  inner.addCallback((n) => seen.push(['inner', n]))
  inner.callback(1)
  expect(seen).toEqual([
    ['outer', 1],
    ['inner', undefined],
  ])
})

test('a deferred whose chain waits is waited for until it has its result', () => {
  const innermost = new Deferred<number>()
  const middle = succeed().addCallback(() => innermost)
  const seen = outcome(succeed().addCallback(() => middle))
  innermost.callback(1)
  expect(seen.value).toBe(1)
})

test('a fired deferred that is paused is waited for', () => {
  const inner = succeed(1)
  inner.pause()
  const seen = outcome(succeed().addCallback(() => inner))
  expect(seen.settled).toBe(false)
  inner.unpause()
  expect(seen.value).toBe(1)
})

test('a callback that returns a promise, or any thenable, suspends the chain too', async () => {
  expect(await succeed(1).addCallback((n) => Promise.resolve(n + 1))).toBe(2)
  await expect(succeed(1).addCallback(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
  const thenable = { then: (resolve: (value: string) => void) => resolve('plain') }
  expect(outcome(succeed().addCallback(() => thenable as PromiseLike<string>)).value).toBe('plain')
})

test('a thenable that throws, or whose `then` cannot be read, fails the chain', () => {
  const throws = {
    then: () => {
      throw new Error('threw')
    },
  }
  expect(failureOf(succeed().addCallback(() => throws as unknown as PromiseLike<1>)).value).toMatchObject({ message: 'threw' })
  const unreadable = Object.defineProperty({}, 'then', {
    get() {
      throw new Error('unreadable')
    },
  })
  const seen: unknown[] = []
  const deferred = new Deferred()
  deferred.addCallback(() => unreadable).addErrback((failure) => seen.push((failure.value as Error).message))
  deferred.callback()
  expect(seen).toEqual(['unreadable'])
})

test('only a thenable’s first word counts', () => {
  const chatty = {
    then(resolve: (value: number) => void, reject: (reason: unknown) => void) {
      resolve(1)
      resolve(2)
      reject(3)
      throw new Error('too late')
    },
  }
  expect(outcome(succeed().addCallback(() => chatty as unknown as PromiseLike<number>)).value).toBe(1)
})

test('a thenable that resolves with itself fails, and does not hang', async () => {
  const endless: PromiseLike<never> = {
    then: ((resolve: (value: unknown) => void) => resolve(endless)) as unknown as PromiseLike<never>['then'],
  }
  await expect(succeed().addCallback(() => endless)).rejects.toBeInstanceOf(TypeError)
})

test('a Failure that a promise rejects with is not wrapped twice', async () => {
  const failure = new Failure('x')
  const deferred = Deferred.from<never>(Promise.reject(failure))
  await deferred.then(undefined, () => {})
  expect(failureOf(deferred)).toBe(failure)
})

test('a deferred returned by its own callback is an error, not a hang', () => {
  const deferred = new Deferred<unknown>()
  deferred.addCallback(() => deferred)
  deferred.callback(1)
  expect(failureOf(deferred).value).toBeInstanceOf(TypeError)
  expect(failureOf(succeed().addCallback(() => selfReturning())).value).toMatchObject({ code: 'ERR_RETURNED_ITSELF' })
})

function selfReturning(): Deferred<unknown> {
  const deferred: Deferred<unknown> = new Deferred<unknown>()
  deferred.addCallback(() => deferred)
  deferred.callback(1)
  return deferred
}

test('two deferreds that wait for each other are an error, not a hang', () => {
  const one = new Deferred<unknown>()
  const two = new Deferred<unknown>()
  one.addCallback(() => two)
  two.addCallback(() => one)
  one.callback(1)
  two.callback(2)
  expect(failureOf(one).value).toMatchObject({ code: 'ERR_DEADLOCK' })
})

test('a ring of many deferreds can be cancelled', () => {
  const ring = Array.from({ length: 1_000 }, () => new Deferred<unknown>())
  ring.forEach((deferred, i) => deferred.addCallback(() => ring[(i + 1) % ring.length]))
  for (const deferred of ring) deferred.callback(0)
  for (const deferred of ring) deferred.cancel()
  for (const deferred of ring) expect(deferred.peek().status).not.toBe('pending')
  for (const deferred of ring) deferred.addErrback(() => {})
})

test('a chain of 100,000 nested returned deferreds does not overflow the stack, from the outside in', () => {
  const innermost = new Deferred<number>()
  let deferred: Deferred<number> = innermost
  for (let i = 0; i < 100_000; i++) {
    const inner = deferred
    deferred = succeed().addCallback(() => inner)
  }
  const seen = outcome(deferred)
  innermost.callback(42)
  expect(seen.value).toBe(42)
})

test('a chain of 100,000 nested returned deferreds does not overflow the stack, from the inside out', () => {
  const deferreds = Array.from({ length: 100_001 }, () => new Deferred<unknown>())
  const seen = outcome(deferreds[0] as Deferred<unknown>)
  // The callbacks stand first in each chain but the first one's, where `seen` does.
  for (let i = 1; i < 100_000; i++) (deferreds[i] as Deferred<unknown>).addCallback(() => deferreds[i + 1])
  succeed().addCallback(() => deferreds[1]).chainDeferred(deferreds[0] as Deferred<unknown>)
  for (const deferred of deferreds.slice(1, -1)) deferred.callback(0)
  expect(seen.settled).toBe(false)
  deferreds.at(-1)?.callback('end')
  expect(seen.value).toBe('end')
})

test('a promise chain that ends in a deferred that waits for another is waited for to the end', async () => {
  const inner = new Deferred<string>()
  const outer = succeed().addCallback(async () => inner)
  queueMicrotask(() => inner.callback('end'))
  expect(await outer).toBe('end')
})

test('a result taken from a deferred while its callback runs leaves it with what the callback returns', () => {
  const inner = new Deferred<number>()
  const outer = new Deferred<number>()
  outer.addCallback(() => inner)
  const taken = outcome(outer)
  inner.addCallback((n) => {
    outer.callback(0)
    return n
  })
  inner.callback(5)
  expect(taken.value).toBe(5)
  expect(inner.peek()).toEqual({ status: 'fulfilled', value: 5 })
})
