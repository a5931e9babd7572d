import { CancelledError, Deferred, DeferredListObserver, fail, type Firing, gatherResults, succeed } from 'potoroo'
import { expect, test } from 'vitest'
import { thrownBy } from '../deferred/outcome.ts'

function pending(n: number): Deferred<string>[] {
  return Array.from({ length: n }, () => new Deferred<string>())
}

function words(firings: Iterable<Firing<unknown>>): unknown[] {
  return [...firings].map((firing) => (firing.success ? [firing.index, firing.value] : [firing.index, firing.failure.value]))
}

test('observers are told of each firing, by index, in the order in which the observers came', () => {
  const observer = new DeferredListObserver<string>()
  const told: unknown[] = []
  const [a, b] = pending(2) as [Deferred<string>, Deferred<string>]
  observer.observe((firing) => told.push(['first', ...words([firing])]))
  observer.append(a)
  observer.observe((firing) => told.push(['second', ...words([firing])]))
  observer.append(b).addErrback(() => {})
  b.errback('no')
  a.callback('yes')
  expect(told).toEqual([
    ['first', [1, 'no']],
    ['second', [1, 'no']],
    ['first', [0, 'yes']],
    ['second', [0, 'yes']],
  ])
})

test('the set may grow at any time, from inside an observer too', () => {
  const observer = new DeferredListObserver<number>({ maintainHistory: true })
  observer.observe((firing) => {
    if (firing.success && firing.value < 5) observer.append(firing.value + 1)
  })
  observer.append(1)
  expect(words(observer.history)).toEqual([1, 2, 3, 4, 5].map((n, i) => [i, n]))
})

test('it counts successes, failures and those pending', () => {
  const observer = new DeferredListObserver<string>()
  const [a, b, c] = pending(3) as [Deferred<string>, Deferred<string>, Deferred<string>]
  const counts = (): number[] => [observer.successCount, observer.failureCount, observer.pendingCount]
  expect(counts()).toEqual([0, 0, 0])
  for (const deferred of [a, b, c]) observer.append(deferred)
  expect(counts()).toEqual([0, 0, 3])
  a.callback('x')
  b.addErrback(() => {})
  b.errback('y')
  expect(counts()).toEqual([1, 1, 1])
})

test('append gives back the deferred itself, and leaves its result and its failure alone', () => {
  const observer = new DeferredListObserver<string>()
  const deferred = new Deferred<string>()
  expect(observer.append(deferred)).toBe(deferred)
  const seen: unknown[] = []
  deferred.addErrback((failure) => seen.push(failure.value))
  deferred.errback('mine')
  expect(seen).toEqual(['mine'])
  expect(observer.append('value').peek()).toEqual({ status: 'fulfilled', value: 'value' })
})

test('a deferred is watched at its point of the chain', () => {
  const observer = new DeferredListObserver<number>({ maintainHistory: true })
  const deferred = new Deferred<number>()
  deferred.addCallback((n) => n + 1)
  observer.append(deferred as Deferred<number>)
  deferred.addCallback((n) => n * 100)
  deferred.callback(1)
  expect(words(observer.history)).toEqual([[0, 2]])
})

test('with a history, late observers may have it replayed before they are told of what is new', () => {
  const observer = new DeferredListObserver<string>({ maintainHistory: true })
  observer.append('a')
  const told: unknown[] = []
  observer.observe((firing) => told.push(...words([firing])), { replayHistory: true })
  const without: unknown[] = []
  observer.observe((firing) => without.push(...words([firing])))
  observer.append('b')
  expect(told).toEqual([[0, 'a'], [1, 'b']])
  expect(without).toEqual([[1, 'b']])
})

test('without a history, reading or replaying it is an error', () => {
  const observer = new DeferredListObserver<string>()
  expect(thrownBy(() => observer.history)).toMatchObject({ code: 'ERR_NO_HISTORY' })
  expect(thrownBy(() => observer.observe(() => {}, { replayHistory: true }))).toMatchObject({ code: 'ERR_NO_HISTORY' })
})

test('what fires while others are told, or during a replay, comes once and in order to everybody', () => {
  const observer = new DeferredListObserver<string>({ maintainHistory: true })
  const [a, b, c] = pending(3) as [Deferred<string>, Deferred<string>, Deferred<string>]
  for (const deferred of [a, b, c]) observer.append(deferred)
  const first: unknown[] = []
  const second: unknown[] = []
  const late: unknown[] = []
  observer.observe((firing) => {
    first.push(firing.index)
    if (firing.index === 0) {
      b.callback('b')
      observer.observe(
        (old) => {
          late.push(old.index)
          if (old.index === 1) c.callback('c')
        },
        { replayHistory: true },
      )
    }
  })
  observer.observe((firing) => second.push(firing.index))
  a.callback('a')
  expect([first, second, late]).toEqual([[0, 1, 2], [0, 1, 2], [0, 1, 2]])
})

test('an observer that has been taken out hears nothing more, not even of the firing that is being told', () => {
  const observer = new DeferredListObserver<string>()
  const told: string[] = []
  observer.observe(() => {
    told.push('first')
    leave()
  })
  const leave = observer.observe(() => told.push('second'))
  observer.append('x')
  leave()
  expect(told).toEqual(['first'])
})

test('an observer that throws stops nobody', () => {
  const observer = new DeferredListObserver<string>()
  const told: unknown[] = []
  observer.observe(() => {
    throw new CancelledError('not worth a report')
  })
  observer.observe((firing) => told.push(firing.index))
  observer.append('x')
  observer.append('y')
  expect(told).toEqual([0, 1])
})

test('iteration gives the firings, lets the loop append more, and ends when nothing is pending', async () => {
  const observer = new DeferredListObserver<number>({ maintainHistory: true })
  observer.append(1)
  observer.append(Promise.resolve(2))
  const seen: unknown[] = []
  for await (const firing of observer) {
    seen.push(...words([firing]))
    if (firing.success && firing.value === 2) observer.append(Promise.resolve(3))
  }
  expect(seen).toEqual([[0, 1], [1, 2], [2, 3]])
})

test('several reads at once end together when nothing is pending', async () => {
  const observer = new DeferredListObserver<string>()
  const deferred = observer.append(new Deferred<string>())
  const iterator = observer[Symbol.asyncIterator]()
  const reads = [iterator.next(), iterator.next(), iterator.next()]
  deferred.callback('x')
  expect(await Promise.all(reads)).toEqual([
    { done: false, value: { index: 0, success: true, value: 'x' } },
    { done: true, value: undefined },
    { done: true, value: undefined },
  ])
})

test('a loop that is left hears no more', async () => {
  const observer = new DeferredListObserver<string>()
  const iterator = observer[Symbol.asyncIterator]()
  observer.append('x')
  await iterator.return?.()
  expect(await iterator.next()).toEqual({ done: true, value: undefined })
})

test('members may be promises, thenables and values, and deferreds that have fired', async () => {
  const observer = new DeferredListObserver<string>({ maintainHistory: true })
  const last = observer.append(Promise.reject(new Error('late')))
  observer.append(succeed('a'))
  observer.append({ then: (done: (value: string) => void) => done('b') } as PromiseLike<string>)
  observer.append(fail('c')).addErrback(() => {})
  observer.append('d')
  await last.catch(() => {})
  expect(words(observer.history)).toEqual([[1, 'a'], [2, 'b'], [3, 'c'], [4, 'd'], [0, new Error('late')]])
})

test('a thenable is asked once by all who watch it, and anew when it has settled: some begin their work when they are asked', async () => {
  let asked = 0
  const query = { then: (done: (row: string) => void) => Promise.resolve(`row ${++asked}`).then(done) } as PromiseLike<string>
  expect(await gatherResults([query, query])).toEqual(['row 1', 'row 1'])
  expect(await gatherResults([query])).toEqual(['row 2'])
})

test('a promise that is watched twice is told to both, and one of them may let go of it', async () => {
  const promise = new Promise<string>((resolve) => setImmediate(() => resolve('x')))
  const [stopped, other] = [gatherResults([promise]), gatherResults([promise])]
  stopped.cancel('enough')
  expect(await other).toEqual(['x'])
  await expect(stopped).rejects.toMatchObject({ cause: 'enough' })
})

test('a thenable that cannot be asked has failed', () => {
  const error = new Error('do not ask')
  const unreadable = Object.defineProperty({}, 'then', {
    get() {
      throw error
    },
  })
  const throwing = {
    then() {
      throw error
    },
  }
  const observer = new DeferredListObserver<unknown>({ maintainHistory: true })
  observer.observe(() => {})
  for (const member of [unreadable, throwing, throwing]) observer.append(member)
  expect(words(observer.history)).toEqual([[0, error], [1, error], [2, error]])
})

test('what has done and fail, and is not jQuery’s, is an ordinary thenable', () => {
  const settled = (): never => {
    throw new Error('asked')
  }
  const other = { done: settled, fail: settled, then: (onValue: (value: string) => void) => onValue('x') }
  expect(new DeferredListObserver<unknown>().append(other).peek()).toEqual({ status: 'fulfilled', value: 'x' })
})

test('no members: an iteration ends at once', async () => {
  for await (const firing of new DeferredListObserver<string>()) expect(firing).toBe('none')
})
