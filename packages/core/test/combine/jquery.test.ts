import { jQueryFactory } from 'jquery/factory'
import { JSDOM } from 'jsdom'
import {
  Deferred,
  DeferredListObserver,
  deferredList,
  eventStream,
  firstCallback,
  firstN,
  firstSuccess,
  gatherResults,
  ParallelCommandExecutor,
  race,
  type StreamEvent,
  when2,
} from 'potoroo'
import { expect, test } from 'vitest'
import { failureOf, outcome } from '../deferred/outcome.ts'

// jQuery itself, in a window of jsdom.
const { window } = new JSDOM('')
const $ = jQueryFactory(window as unknown as Window & typeof globalThis)

test('this is jQuery', () => {
  expect($('<p>hello</p>').text()).toBe('hello')
  expect($.Deferred().promise().state()).toBe('pending')
})

test('every combinator takes jQuery deferreds and their promises, and fires when they do', () => {
  const members = (): [JQuery.Deferred<string>, JQuery.Promise<string>] => {
    const first = $.Deferred<string>()
    const second = $.Deferred<string>()
    seen.length = 0
    fires = () => {
      second.resolve('b')
      first.resolve('a')
    }
    return [first, second.promise()]
  }
  const seen: unknown[] = []
  let fires = (): void => {}
  const fired = (deferred: Deferred<unknown>): unknown => {
    const result = outcome(deferred)
    expect(result.settled).toBe(false)
    fires()
    return result.value
  }
  expect(fired(deferredList(members()))).toEqual([{ success: true, value: 'a' }, { success: true, value: 'b' }])
  expect(fired(gatherResults(members()))).toEqual(['a', 'b'])
  expect(fired(firstCallback(members()))).toEqual({ index: 1, value: 'b' })
  expect(fired(firstSuccess(members()))).toEqual({ index: 1, value: 'b' })
  expect(fired(race(members()))).toEqual({ index: 1, value: 'b' })
  expect(fired(firstN(members(), 2))).toEqual([{ index: 1, value: 'b' }, { index: 0, value: 'a' }])
  expect(fired(when2(members()))).toEqual(['a', 'b'])
  const executor = new ParallelCommandExecutor<[], string>()
  for (const member of members()) executor.register(() => member as unknown as PromiseLike<string>)
  expect(fired(executor.execute())).toBe('b')
})

test('several values arrive as an array, one as it is, none as undefined; failures likewise', () => {
  const observer = new DeferredListObserver<unknown>({ maintainHistory: true })
  observer.append($.Deferred().resolve(1, 'two', [3]) as unknown)
  observer.append($.Deferred().resolve([1]) as unknown)
  observer.append($.Deferred().resolve() as unknown)
  observer.append($.Deferred().reject('xhr', 'error', 'Not Found') as unknown)
  observer.append($.Deferred().reject('one') as unknown)
  expect(observer.history.map((firing) => (firing.success ? firing.value : firing.failure.value))).toEqual([
    [1, 'two', [3]],
    [1],
    undefined,
    ['xhr', 'error', 'Not Found'],
    'one',
  ])
})

test('when2: a jQuery failure fails it with the index, and counts as a failure', () => {
  const member = $.Deferred<string>()
  const result = when2(['a', member])
  member.reject('down')
  expect(failureOf(result).value).toMatchObject({ name: 'FirstError', index: 1, failure: { value: 'down' } })
})

test('progress of jQuery deferreds is passed on with the index, several values as an array', () => {
  const upload = $.Deferred<string>()
  const told: unknown[] = []
  const result = when2([new Deferred<string>(), upload.promise()]).addProgress((progress) => told.push(progress))
  upload.notify(10)
  upload.notify(20, 'of', 100)
  expect(told).toEqual([{ index: 1, value: 10 }, { index: 1, value: [20, 'of', 100] }])
  result.cancel()
  failureOf(result)
  upload.notify(30)
  expect(told.length).toBe(2)

  const events: StreamEvent<unknown>[] = []
  eventStream([upload], (event) => events.push(event))
  upload.notify(40)
  upload.resolve('done')
  expect(events).toEqual([
    { index: 0, type: 'progress', value: 40 },
    { index: 0, type: 'callback', value: 'done' },
  ])
})

test('two combinations with one jQuery deferred hear the same', () => {
  const member = $.Deferred<string>()
  const told: unknown[] = []
  const seen = [when2([member]), when2([member])].map((result) => outcome(result.addProgress((value) => told.push(value))))
  member.notify('half')
  member.resolve('whole')
  expect(told).toEqual([{ index: 0, value: 'half' }, { index: 0, value: 'half' }])
  expect(seen.map(({ value }) => value)).toEqual([['whole'], ['whole']])
})
