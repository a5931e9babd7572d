import { Deferred, fail, Failure, succeed } from 'potoroo'
import { expect, test } from 'vitest'
import { outcome } from './outcome.ts'

test('a deferred can be awaited', async () => {
  expect(await succeed(1)).toBe(1)
  await expect(fail(new Error('x'))).rejects.toThrow('x')
})

test('await throws the value inside the failure, whatever it is', async () => {
  await fail('text').then(
    () => expect.unreachable(),
    (reason) => expect(reason).toBe('text'),
  )
})

test('then does not change the chain, and sees the result as it stands at that point', async () => {
  const deferred = new Deferred<number>()
  const before = deferred.then((n) => n * 100)
  deferred.addCallback((n) => n + 1)
  const after = deferred.then((n) => n * 100)
  deferred.callback(1)
  expect(await before).toBe(100)
  expect(await after).toBe(200)
  expect(outcome(deferred).value).toBe(2)
})

test('then leaves a failure in the chain', async () => {
  const deferred = fail('x')
  await deferred.then(undefined, () => 'recovered')
  const seen: unknown[] = []
  deferred.addErrback((failure) => seen.push(failure.value))
  expect(seen).toEqual(['x'])
})

test('then calls its functions later, never within the firing', () => {
  let called = false
  void succeed(1).then(() => {
    called = true
  })
  expect(called).toBe(false)
})

test('catch and finally are as Promise’s', async () => {
  expect(await fail('x').catch((reason) => [reason])).toEqual(['x'])
  expect(await succeed(1).catch(() => 2)).toBe(1)
  let ran = 0
  expect(await succeed(1).finally(() => ran++)).toBe(1)
  await expect(fail(new Error('x')).finally(() => ran++)).rejects.toThrow('x')
  expect(ran).toBe(2)
})

test('then, catch and finally do what a promise’s do, whatever they are given', async () => {
  const given: [unknown, unknown][] = [
    [undefined, undefined],
    [null, null],
    [(value: unknown) => [value], (reason: unknown) => [reason]],
    [() => succeed('inner'), () => fail('inner')],
    [() => Promise.reject(new Error('inner')), () => Promise.resolve('inner')],
    ['no function', 5],
  ]
  type Side = (value: unknown) => unknown
  const settle = (promise: PromiseLike<unknown>): Promise<PromiseSettledResult<unknown>[]> => Promise.allSettled([promise])
  for (const [onValue, onReason] of given as [Side, Side][]) {
    for (const make of [() => succeed('x'), () => fail('x')]) {
      const mine = (): Deferred<unknown> => make()
      const theirs = (): Promise<unknown> => make().then()
      expect(await settle(mine().then(onValue, onReason))).toEqual(await settle(theirs().then(onValue, onReason)))
      expect(await settle(mine().catch(onReason))).toEqual(await settle(theirs().catch(onReason)))
      expect(await settle(mine().finally(onValue as () => void))).toEqual(await settle(theirs().finally(onValue as () => void)))
    }
  }
})

test('then waits while the chain waits', async () => {
  const inner = new Deferred<number>()
  const outer = succeed().addCallback(() => inner)
  const promise = outer.then((n) => n + 1)
  inner.callback(1)
  expect(await promise).toBe(2)
})

test('a deferred is taken by Promise.all and by an async function’s return', async () => {
  expect(await Promise.all([succeed(1), Promise.resolve(2), 3])).toEqual([1, 2, 3])
  expect(await (async () => succeed('x'))()).toBe('x')
  expect(await Promise.resolve(succeed('x'))).toBe('x')
})

test('a Failure that is thrown in an async function comes back as the failure it was', async () => {
  const failure = new Failure(new Error('x'))
  const deferred = succeed().addCallback(async () => {
    throw failure
  })
  await deferred.then(undefined, (reason) => expect(reason).toBe(failure.value))
})

test('it calls itself a Deferred', () => {
  expect(String(new Deferred())).toBe('[object Deferred]')
})
