import { Deferred, succeed } from 'potoroo'
import { expect, test } from 'vitest'
import { outcome, thrownBy } from './outcome.ts'

test('a paused deferred takes its result and runs nothing until it is unpaused', () => {
  const deferred = new Deferred<number>()
  const seen = outcome(deferred)
  deferred.pause()
  deferred.callback(1)
  expect(deferred.called).toBe(true)
  expect(seen.settled).toBe(false)
  deferred.unpause()
  expect(seen.value).toBe(1)
})

test('pause and unpause nest', () => {
  const deferred = succeed(1)
  deferred.pause()
  deferred.pause()
  const seen = outcome(deferred)
  deferred.unpause()
  expect(seen.settled).toBe(false)
  deferred.unpause()
  expect(seen.settled).toBe(true)
})

test('unpausing before it fires runs nothing', () => {
  const deferred = new Deferred<number>()
  const seen = outcome(deferred)
  deferred.pause()
  deferred.unpause()
  expect(seen.settled).toBe(false)
  deferred.callback(1)
  expect(seen.settled).toBe(true)
})

test('unpause without a pause is a RangeError that says what to do', () => {
  expect(thrownBy(() => new Deferred().unpause())).toMatchObject({ code: 'ERR_NOT_PAUSED' })
  expect(thrownBy(() => new Deferred().unpause())).toBeInstanceOf(RangeError)
})

test('the pause of a chain that waits for an inner deferred cannot be taken back by hand', () => {
  const inner = new Deferred<number>()
  const outer = succeed().addCallback(() => inner)
  expect(thrownBy(() => outer.unpause())).toMatchObject({ code: 'ERR_NOT_PAUSED' })
  inner.callback(1)
  expect(outcome(outer).value).toBe(1)
})

test('a chain that waits may be paused as well: it goes on when both are over', () => {
  const inner = new Deferred<number>()
  const outer = succeed().addCallback(() => inner)
  const seen = outcome(outer)
  outer.pause()
  inner.callback(1)
  expect(seen.settled).toBe(false)
  outer.unpause()
  expect(seen.value).toBe(1)
})

test('an inner deferred goes on with its own callbacks though the chain that took its result is paused', () => {
  const inner = new Deferred<number>()
  const outer = succeed().addCallback(() => inner)
  outer.pause()
  const seen: unknown[] = []
  inner.addCallback((value) => seen.push(['inner', value]))
  inner.callback(1)
  expect(seen).toEqual([['inner', undefined]])
  expect(inner.peek().status).toBe('fulfilled')
  outer.unpause()
  expect(outcome(outer).value).toBe(1)
})

test('a callback that pauses its own deferred holds up the pairs after it', () => {
  const deferred = new Deferred<number>()
  const seen: number[] = []
  deferred.addCallback((n) => {
    deferred.pause()
    return n + 1
  })
  deferred.addCallback((n) => seen.push(n))
  deferred.callback(1)
  expect(seen).toEqual([])
  deferred.unpause()
  expect(seen).toEqual([2])
})

test('a deferred that is unpaused from inside its own callback does not run twice at once', () => {
  const deferred = new Deferred<number>()
  const seen: string[] = []
  deferred.addCallback(() => {
    deferred.pause()
    deferred.unpause()
    seen.push('first')
  })
  deferred.addCallback(() => seen.push('second'))
  deferred.callback(1)
  expect(seen).toEqual(['first', 'second'])
})

test('a paused deferred that is cancelled fails when it is unpaused', () => {
  const deferred = new Deferred<number>()
  const seen = outcome(deferred)
  deferred.pause()
  deferred.cancel()
  expect(seen.settled).toBe(false)
  deferred.unpause()
  expect(seen.error).toMatchObject({ code: 'ERR_CANCELLED' })
})
