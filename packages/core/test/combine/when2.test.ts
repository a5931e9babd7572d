import { Deferred, eventStream, fail, Failure, type StreamEvent, succeed, when2 } from 'potoroo'
import { expect, test } from 'vitest'
import { failureOf, outcome } from '../deferred/outcome.ts'

test('when2 fires with the values in order; members that are no deferreds count as successful', () => {
  const member = new Deferred<string>()
  const seen = outcome(when2([member, 1, null]))
  member.callback('a')
  expect(seen.value).toEqual(['a', 1, null])
})

test('it fails on the first error, with its index, by default', () => {
  const [a, b] = [new Deferred<string>(), new Deferred<string>()]
  const result = when2([a, b])
  b.errback('no')
  expect(failureOf(result).value).toMatchObject({ index: 1, failure: { value: 'no' } })
})

test('resolveOnFirstSuccess: it fires with the first success, and with all results if there is none', () => {
  const [a, b] = [new Deferred<string>(), new Deferred<string>()]
  const seen = outcome(when2([a, b], { resolveOnFirstSuccess: true }))
  a.errback('no')
  b.callback('yes')
  expect(seen.value).toEqual({ index: 1, value: 'yes' })
  const none = outcome(when2([fail('x'), fail('y')], { resolveOnFirstSuccess: true }))
  expect((none.value as Failure[]).map(({ value }) => value)).toEqual(['x', 'y'])
  const both = when2([fail('x'), 'y'], { resolveOnFirstSuccess: true, failOnFirstError: true })
  expect(failureOf(both).value).toMatchObject({ index: 0 })
})

test('failOnFirstError false: it never fails, and a failed member’s result is its Failure', () => {
  const seen = outcome(when2([fail('x'), succeed('y'), Promise.resolve('z')] as const, { failOnFirstError: false }))
  expect(seen.settled).toBe(false)
  const now = outcome(when2([fail('x'), succeed('y')], { failOnFirstError: false }))
  expect(now.value?.[0]).toBeInstanceOf(Failure)
  expect(now.value?.[1]).toBe('y')
})

test('members keep their failures for their own errbacks', () => {
  const member = new Deferred<string>()
  outcome(when2([member]))
  member.errback('mine')
  expect(failureOf(member).value).toBe('mine')
})

test('progress from any member is passed on as { index, value }', () => {
  const [a, b] = [new Deferred<string>(), new Deferred<string>()]
  const told: unknown[] = []
  outcome(when2([a, 'x', b]).addProgress((progress) => told.push(progress)))
  b.notify('half')
  a.notify(undefined)
  a.callback('a')
  expect(told).toEqual([{ index: 2, value: 'half' }, { index: 0, value: undefined }])
})

test('an event stream tells of firings and progress in the order in which they happen', async () => {
  const [a, b] = [new Deferred<string>(), new Deferred<string>()]
  const events: StreamEvent<string>[] = []
  const { done } = eventStream([a, b, 'c'], (event) => events.push(event))
  b.notify(50)
  b.errback('no')
  expect(done.called).toBe(false)
  a.callback('a')
  expect(events).toMatchObject([
    { index: 2, type: 'callback', value: 'c' },
    { index: 1, type: 'progress', value: 50 },
    { index: 1, type: 'errback', value: { value: 'no' } },
    { index: 0, type: 'callback', value: 'a' },
  ])
  expect(await done).toBe(undefined)
})

test('its loop gets all events from the start, and ends when all have fired', async () => {
  const [a, b] = [new Deferred<string>(), new Deferred<string>()]
  const stream = eventStream([a, b])
  a.notify(1)
  a.callback('a')
  const seen: unknown[] = []
  for await (const event of stream) {
    seen.push([event.index, event.type])
    if (event.type === 'callback' && event.index === 0) b.callback('b')
  }
  expect(seen).toEqual([[0, 'progress'], [0, 'callback'], [1, 'callback']])
})

test('a read that waits is over when all have fired; a stream of nothing is over at once', async () => {
  const member = new Deferred<string>()
  const iterator = eventStream([member])[Symbol.asyncIterator]()
  const reads = [iterator.next(), iterator.next()]
  member.callback('x')
  expect((await Promise.all(reads)).map(({ done }) => done)).toEqual([false, true])
  const nothing = eventStream([])
  for await (const event of nothing) expect(event).toBe('none')
  expect(nothing.done.called).toBe(true)
})

test('events that a listener causes come after, and done fires after the last', () => {
  const members = [0, 1, 2].map(() => new Deferred<number>())
  const seen: unknown[] = []
  const { done } = eventStream(members, ({ index }) => {
    if (index < 2) members[index + 1]?.callback(index)
    seen.push(index)
  })
  done.addCallback(() => seen.push('done'))
  members[0]?.callback(0)
  expect(seen).toEqual([0, 1, 2, 'done'])
})

test('cancelling done cancels the members that have not fired; leaving a loop does not', async () => {
  const reasons: unknown[] = []
  const members = [0, 1].map(() => new Deferred<number>((_, reason) => reasons.push(reason)))
  const stream = eventStream(members)
  members[0]?.callback(1)
  for await (const _ of stream) break
  expect(reasons).toEqual([])
  stream.done.addErrback(() => {})
  stream.done.cancel('enough')
  expect(reasons).toEqual(['enough'])
})

test('what members fail with as they are cancelled is told; the stream then ends, and done fails as cancelled', async () => {
  const [a, b] = [new Deferred<string>(), new Deferred<string>()]
  const told: unknown[] = []
  const stream = eventStream([a, b], ({ index, type }) => told.push([index, type]))
  const loop = (async () => {
    for await (const { index } of stream) told.push(`read ${index}`)
    return 'ended'
  })()
  stream.done.cancel('enough')
  expect(failureOf(stream.done).value).toMatchObject({ code: 'ERR_CANCELLED', cause: 'enough' })
  expect(told).toEqual([[0, 'errback'], [1, 'errback']])
  expect(await loop).toBe('ended')
})

test('a listener may cancel the rest: it is told of those too', () => {
  const members = [0, 1, 2].map(() => new Deferred<number>())
  const told: unknown[] = []
  const { done } = eventStream(members, ({ index, type }) => {
    told.push([index, type])
    done.cancel('enough')
  })
  members[1]?.callback(1)
  expect(failureOf(done).value).toMatchObject({ cause: 'enough' })
  expect(told).toEqual([[1, 'callback'], [0, 'errback'], [2, 'errback']])
})
