import { Deferred, DeferredDict, Failure, QueueOverflow, QueueUnderflow } from 'potoroo'
import { expect, test } from 'vitest'
import { outcome } from '../deferred/outcome.ts'

test('producers and consumers come in any order', () => {
  const dict = new DeferredDict<string, number>()
  const before = outcome(dict.get('a'))
  dict.set('a', 1)
  expect([before.value, outcome(dict.get('a')).value, dict.has('a'), dict.size]).toEqual([1, 1, true, 1])
})

test('all who wait for a key are told, in order of arrival, each with a deferred of their own', () => {
  const dict = new DeferredDict<string, number>()
  const said: unknown[] = []
  const [first, second, third] = [dict.get('a'), dict.get('a'), dict.get('b')]
  expect(first).not.toBe(second)
  first.addCallback((n) => said.push('first', n)).addCallback(() => 'changed')
  second.addCallback((n) => said.push('second', n))
  dict.set('a', 1)
  expect([said, third.called, dict.waiting]).toEqual([['first', 1, 'second', 1], false, 1])
})

test('what is falsy is there, and what can be waited for is not waited for', () => {
  const dict = new DeferredDict<unknown, unknown>()
  const values = [undefined, null, 0, '', NaN, Promise.resolve(1), new Deferred()]
  for (const value of values) {
    const before = dict.get(value)
    dict.set(value, value)
    for (const get of [before, dict.get(value)]) expect(get.peek()).toEqual({ status: 'fulfilled', value })
  }
  dict.set('wrong', new Failure('wrong'))
  expect(outcome(dict.get('wrong')).error).toBe('wrong')
  expect(dict.size).toBe(values.length + 1)
})

test('whoever cancels leaves, and a key’s line goes with the last', () => {
  const dict = new DeferredDict<string, number>()
  const [first, second] = [dict.get('a'), dict.get('a')]
  for (const get of [first, second]) get.addErrback(() => {})
  expect([...dict.awaited()]).toEqual(['a'])
  first.cancel()
  expect([dict.waiting, [...dict.awaited()]]).toEqual([1, ['a']])
  second.callback(0)
  expect([dict.waiting, [...dict.awaited()]]).toEqual([0, []])
})

test('what is there is what was set and not deleted, as in a Map', () => {
  const dict = new DeferredDict<string, number>()
  const waits = dict.get('c')
  dict.set('b', 1)
  dict.set('a', 2)
  dict.set('b', 3)
  expect([...dict]).toEqual([['b', 3], ['a', 2]])
  expect([[...dict.keys()], [...dict.values()], [...dict.entries()]]).toEqual([['b', 'a'], [3, 2], [['b', 3], ['a', 2]]])
  expect([dict.delete('b'), dict.delete('b'), dict.delete('c'), dict.has('b'), dict.size]).toEqual([true, false, false, false, 1])
  const again = dict.get('b')
  dict.clear()
  expect([dict.size, waits.called, again.called, dict.waiting]).toEqual([0, false, false, 2])
  dict.close()
  for (const get of [waits, again]) expect(outcome(get).error).toMatchObject({ code: 'ERR_CLOSED' })
})

test('who is told may set, delete, ask and cancel', () => {
  const dict = new DeferredDict<string, string>()
  const said: unknown[] = []
  dict.get('a').addCallback((value) => {
    said.push(value)
    dict.set('a', 'second')
    dict.delete('a')
    dict.get('a').addCallback((value) => said.push(value))
    cancelled.cancel()
  })
  const cancelled = dict.get('a').addErrback(() => said.push('cancelled'))
  dict.get('a').addCallback((value) => said.push(value))
  dict.set('a', 'first')
  expect(said).toEqual(['first', 'cancelled', 'first'])
  expect([dict.has('a'), dict.waiting]).toEqual([false, 1])
  dict.set('a', 'third')
  expect(said.at(-1)).toBe('third')
})

test('what is too much is refused, and changes nothing', () => {
  const dict = new DeferredDict<string, number>({ size: 1, backlog: 2 })
  const gets = [dict.get('a'), dict.get('b')] as const
  expect(() => dict.get('c')).toThrow(QueueUnderflow)
  dict.set('a', 1)
  dict.set('a', 2)
  expect(() => dict.set('b', 1)).toThrow(QueueOverflow)
  expect([outcome(gets[0]).value, gets[1].called, [...dict], dict.waiting]).toEqual([1, false, [['a', 2]], 1])
  expect(() => new DeferredDict({ size: -1 })).toThrow(expect.objectContaining({ code: 'ERR_INVALID_SIZE' }))
  expect(() => new DeferredDict({ backlog: 0.5 })).toThrow(expect.objectContaining({ code: 'ERR_INVALID_SIZE' }))
})

test('once closed it takes nothing, gives what is there, and fails the rest', () => {
  const dict = new DeferredDict<string, number>()
  dict.set('a', 1)
  const waits = outcome(dict.get('b'))
  dict.close('enough')
  expect(waits.error).toMatchObject({ code: 'ERR_CLOSED', cause: 'enough' })
  expect(() => dict.set('b', 1)).toThrow(expect.objectContaining({ code: 'ERR_CLOSED', cause: 'enough' }))
  expect([outcome(dict.get('a')).value, dict.delete('a')]).toEqual([1, true])
  expect([outcome(dict.get('a')).error, [...dict.awaited()]]).toEqual([expect.objectContaining({ code: 'ERR_CLOSED' }), []])
})
