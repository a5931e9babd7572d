import fc from 'fast-check'
import { type Deferred, DeferredPriorityQueue, QueueOverflow, QueueUnderflow } from 'potoroo'
import { describe, expect, test } from 'vitest'
import { runs } from '../dispatch/runs.ts'

describe('putting and getting', () => {
  test('lower priorities go first, and first come first served among equals', () => {
    const queue = new DeferredPriorityQueue<string>()
    for (const [item, priority] of [['a', 1], ['b', 0], ['c', -0.5], ['d', 1], ['e', 0]] as const) queue.put(item, priority)
    queue.put('f')
    expect([...queue].join('')).toBe('cbefad')
    expect([queue.length, taken(queue, 6).join('')]).toEqual([6, 'cbefad'])
    expect(queue.length).toBe(0)
  })

  test('whoever waits longest gets the next item, whatever its priority', () => {
    const queue = new DeferredPriorityQueue<string>()
    const [first, second] = [queue.get(), queue.get()]
    queue.put('a', 9)
    expect([first.peek(), second.called, queue.length]).toEqual([{ status: 'fulfilled', value: 'a' }, false, 0])
    queue.put('b', 0)
    expect(second.peek()).toEqual({ status: 'fulfilled', value: 'b' })
    expect(queue.has('b')).toBe(false)
  })

  test('a get that is cancelled leaves the line', () => {
    const queue = new DeferredPriorityQueue<string>({ backlog: 2 })
    const [first, second] = [queue.get().addErrback(() => 'cancelled'), queue.get()]
    expect(() => queue.get()).toThrow(QueueUnderflow)
    first.cancel()
    const third = queue.get()
    queue.put('a')
    queue.put('b')
    expect([first, second, third].map((get) => get.peek())).toEqual(
      ['cancelled', 'a', 'b'].map((value) => ({ status: 'fulfilled', value })),
    )
  })

  test('a get that has its item is not withdrawn by cancelling it', () => {
    const queue = new DeferredPriorityQueue<string>()
    const [first, second] = [queue.get(), queue.get()]
    queue.put('a')
    first.cancel()
    queue.put('b')
    expect(second.peek()).toEqual({ status: 'fulfilled', value: 'b' })
  })

  test('a get that was fired by hand takes nothing', () => {
    const queue = new DeferredPriorityQueue<string>()
    const [first, second] = [queue.get(), queue.get()]
    first.callback('by hand')
    queue.put('a')
    expect(second.peek()).toEqual({ status: 'fulfilled', value: 'a' })
  })

  test('whoever is given an item may at once put it back, or get another', () => {
    const queue = new DeferredPriorityQueue<string>()
    let again: Deferred<string> | undefined
    queue.get().addCallback((item) => {
      again = queue.get()
      queue.put(`${item} again`)
    })
    queue.put('a')
    expect([again?.peek(), queue.length]).toEqual([{ status: 'fulfilled', value: 'a again' }, 0])
  })

  test('any value is an item, and one that can be waited for is not waited for', () => {
    const queue = new DeferredPriorityQueue<unknown>()
    const promise = Promise.resolve()
    const items = [undefined, null, NaN, 0, '', promise, queue.get()]
    for (const item of items.slice(0, 6)) queue.put(item)
    // The get above was waiting, and has the first.
    expect((items[6] as Deferred<unknown>).peek()).toEqual({ status: 'fulfilled', value: undefined })
    queue.put(items[6])
    expect(queue.has(NaN)).toBe(true)
    expect(taken(queue, 6)).toEqual(items.slice(1))
  })
})

describe('changing what is there', () => {
  test('an item that is reprioritised keeps its time of arrival', () => {
    const queue = new DeferredPriorityQueue<string>()
    for (const item of 'abcd') queue.put(item)
    queue.reprioritize('a', 1)
    queue.reprioritize('c', -1)
    queue.reprioritize('c', 1)
    queue.reprioritize('b', 1)
    expect([...queue].join('')).toBe('dabc')
  })

  test('deleted and cleared items are gone, and may be put again', () => {
    const queue = new DeferredPriorityQueue<string>()
    for (const item of 'abc') queue.put(item)
    queue.delete('b')
    expect([[...queue], queue.has('b')]).toEqual([['a', 'c'], false])
    queue.put('b', -1)
    expect([...queue]).toEqual(['b', 'a', 'c'])
    queue.clear()
    expect([[...queue], queue.length, queue.has('a')]).toEqual([[], 0, false])
    queue.put('a')
    expect(taken(queue, 1)).toEqual(['a'])
  })

  test('changes during a loop do not change what the loop sees', () => {
    const queue = new DeferredPriorityQueue<number>()
    for (const item of [3, 1, 2]) queue.put(item, item)
    const seen: number[] = []
    for (const item of queue) {
      seen.push(item)
      queue.delete(item)
    }
    expect([seen, queue.length]).toEqual([[1, 2, 3], 0])
  })
})

describe('what is refused, and changes nothing', () => {
  test('an item that is there already', () => {
    const queue = new DeferredPriorityQueue<string>()
    queue.put('a', 1)
    expect(() => queue.put('a', 0)).toThrow(expect.objectContaining({ name: 'DuplicateItemError', code: 'ERR_DUPLICATE_ITEM' }))
    expect(queue.length).toBe(1)
  })

  test('deleting or reprioritising what is not there', () => {
    const queue = new DeferredPriorityQueue<string>()
    queue.put('a')
    taken(queue, 1)
    const error = expect.objectContaining({ name: 'KeyError', code: 'ERR_KEY' })
    expect(() => queue.delete('a')).toThrow(error)
    expect(() => queue.reprioritize('a', 1)).toThrow(error)
  })

  test.each([NaN, Infinity, -Infinity, '1' as never, null as never])('%s for a priority', (priority) => {
    const queue = new DeferredPriorityQueue<string>()
    const error = expect.objectContaining({ name: 'RangeError', code: 'ERR_INVALID_PRIORITY' })
    queue.put('a')
    expect(() => queue.put('b', priority)).toThrow(error)
    expect(() => queue.reprioritize('a', priority)).toThrow(error)
    expect([...queue]).toEqual(['a'])
  })

  test('more items than its size, and more gets than its backlog', () => {
    const queue = new DeferredPriorityQueue<string>({ size: 1, backlog: 0 })
    expect(() => queue.get()).toThrow(expect.objectContaining({ code: 'ERR_QUEUE_UNDERFLOW' }))
    queue.put('a')
    expect(() => queue.put('b')).toThrow(QueueOverflow)
    expect(() => queue.put('b')).toThrow(expect.objectContaining({ code: 'ERR_QUEUE_OVERFLOW' }))
    expect(taken(queue, 1)).toEqual(['a'])
    queue.put('b')
  })

  test('with a size of 0, what nobody waits for', () => {
    const queue = new DeferredPriorityQueue<string>({ size: 0 })
    const get = queue.get()
    queue.put('a')
    expect(get.peek()).toEqual({ status: 'fulfilled', value: 'a' })
    expect(() => queue.put('b')).toThrow(QueueOverflow)
  })

  test.each([{ size: -1 }, { size: 0.5 }, { backlog: NaN }, { backlog: '1' as never }])('%o for its limits', (limits) => {
    expect(() => new DeferredPriorityQueue(limits)).toThrow(expect.objectContaining({ name: 'RangeError', code: 'ERR_INVALID_SIZE' }))
  })
})

test('whatever is done to it, it does what a sorted array does', () => {
  const priority = fc.oneof(fc.nat(3), fc.double({ noNaN: true, noDefaultInfinity: true }))
  const command = fc.oneof(
    { weight: 8, arbitrary: fc.record({ do: fc.constant('put' as const), priority }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('reprioritize' as const), which: fc.nat(1000), priority }) },
    { weight: 5, arbitrary: fc.record({ do: fc.constantFrom('get' as const, 'delete' as const, 'cancel' as const), which: fc.nat(1000) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('get a few' as const, 'clear' as const), which: fc.nat(5) }) },
  )
  fc.assert(
    fc.property(fc.array(command, { maxLength: 120, size: 'max' }), (commands) => {
      const queue = new DeferredPriorityQueue<number>()
      let model: { item: number; priority: number }[] = []
      let waiting: { get: Deferred<number>; gets: number | undefined }[] = []
      let items = 0
      const get = (): void => {
        const next = model.shift()
        const deferred = queue.get()
        if (next === undefined) waiting.push({ get: deferred, gets: undefined })
        else expect(deferred.peek()).toEqual({ status: 'fulfilled', value: next.item })
      }
      for (const command of commands) {
        switch (command.do) {
          case 'put': {
            const item = items++
            queue.put(item, command.priority)
            const waiter = waiting.shift()
            if (waiter === undefined) model.push({ item, priority: command.priority })
            else expect(waiter.get.peek()).toEqual({ status: 'fulfilled', value: item })
            break
          }
          case 'get':
            get()
            break
          case 'get a few':
            for (let i = 0; i < command.which; i++) get()
            break
          case 'delete': {
            const [gone] = model.splice(command.which % (model.length || 1), 1)
            if (gone !== undefined) queue.delete(gone.item)
            break
          }
          case 'reprioritize': {
            const moved = model[command.which % model.length]
            if (moved === undefined) break
            moved.priority = command.priority
            queue.reprioritize(moved.item, command.priority)
            break
          }
          case 'cancel': {
            const [gone] = waiting.splice(command.which % (waiting.length || 1), 1)
            gone?.get.addErrback(() => {})
            gone?.get.cancel()
            break
          }
          case 'clear':
            model = []
            queue.clear()
            break
        }
        model.sort((a, b) => a.priority - b.priority || a.item - b.item)
        expect([...queue]).toEqual(model.map(({ item }) => item))
        expect(queue.length).toBe(model.length)
        if (waiting.some(({ get }) => get.called)) expect.fail('one that waits has fired')
      }
      waiting = []
    }),
    runs(),
  )
})

/** The next items, which are there. */
function taken<T>(queue: DeferredPriorityQueue<T>, count: number): T[] {
  return Array.from({ length: count }, () => {
    const item = queue.get().peek()
    if (item.status !== 'fulfilled') throw new Error('There is no item')
    return item.value
  })
}
