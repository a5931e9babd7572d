import { Deferred, succeed } from 'potoroo'
import { expect, test } from 'vitest'
import { outcome } from './outcome.ts'

test('notify tells the listeners, in the order they were added', () => {
  const seen: unknown[] = []
  const deferred = new Deferred<number>()
  deferred.addProgress((p) => seen.push(['first', p])).addProgress((p) => seen.push(['second', p]))
  deferred.notify(1)
  deferred.notify(2)
  expect(seen).toEqual([
    ['first', 1],
    ['second', 1],
    ['first', 2],
    ['second', 2],
  ])
})

test('notify after firing or cancelling is ignored', () => {
  const seen: unknown[] = []
  const fired = new Deferred<number>().addProgress((p) => seen.push(p))
  fired.callback(1)
  fired.notify('late')
  const cancelled = new Deferred<number>().addProgress((p) => seen.push(p))
  cancelled.cancel()
  cancelled.notify('late')
  cancelled.addErrback(() => {})
  succeed(1).addProgress((p) => seen.push(p)).notify('late')
  expect(seen).toEqual([])
})

test('a listener that throws stops neither the others nor the producer', () => {
  const seen: unknown[] = []
  const deferred = new Deferred<number>()
    .addProgress(() => {
      // A cancellation, so that it is not reported either.
      throw new DOMException('enough', 'AbortError')
    })
    .addProgress((p) => seen.push(p))
  deferred.notify(1)
  deferred.callback(2)
  expect(seen).toEqual([1])
  expect(outcome(deferred).value).toBe(2)
})

test('a listener may add another, which hears the next progress', () => {
  const seen: unknown[] = []
  const deferred = new Deferred<number>()
  deferred.addProgress(() => {
    if (seen.length === 0) deferred.addProgress((p) => seen.push(p))
  })
  deferred.notify(1)
  deferred.notify(2)
  expect(seen).toEqual([2])
})
