import { Deferred, DeferredPriorityQueue, DeferredQueue, Failure, QueueOverflow, QueueUnderflow } from 'potoroo'
import { describe, expect, test } from 'vitest'
import { outcome } from '../deferred/outcome.ts'

// What holds for both queues; priority-queue.test.ts has the rest.
describe.each([
  ['DeferredQueue', DeferredQueue],
  ['DeferredPriorityQueue', DeferredPriorityQueue],
] as const)('a %s', (_, Queue) => {
  test('gives items in the order they came, at once', () => {
    const queue = new Queue<string>()
    for (const item of 'abc') queue.put(item)
    expect([...queue]).toEqual(['a', 'b', 'c'])
    expect([queue.length, outcome(queue.get()).value, outcome(queue.get()).value, queue.length]).toEqual([3, 'a', 'b', 1])
  })

  test('gives an item to whoever has waited longest, within put', () => {
    const queue = new Queue<string>()
    const [first, second] = [outcome(queue.get()), outcome(queue.get())]
    expect(queue.waiting).toBe(2)
    queue.put('a')
    expect([first.value, second.settled, queue.length, queue.waiting]).toEqual(['a', false, 0, 1])
  })

  test('keeps its order with thousands in it, however they come and go', () => {
    const queue = new Queue<number>()
    let [put, got] = [0, 0]
    for (let i = 0; i < 3_000; i++) {
      for (let j = 0; j < i % 7; j++) queue.put(put++)
      for (let j = 0; j < i % 5 && queue.length > 0; j++) expect(outcome(queue.get()).value).toBe(got++)
    }
    expect(queue.length).toBeGreaterThan(1_000)
    while (queue.length > 0) expect(outcome(queue.get()).value).toBe(got++)
    expect(got).toBe(put)
  })

  test('takes any value, waits for none, and fails a get with a Failure', () => {
    const queue = new Queue<unknown>()
    const values = [undefined, null, 0, '', NaN, Promise.resolve(1), new Deferred()]
    for (const value of values) queue.put(value)
    for (const value of values) expect(queue.get().peek()).toEqual({ status: 'fulfilled', value })
    queue.put(new Failure('wrong'))
    expect(outcome(queue.get()).error).toBe('wrong')
  })

  test('refuses what is too much, and changes nothing', () => {
    const queue = new Queue<string>({ size: 1, backlog: 1 })
    const get = queue.get()
    expect(() => queue.get()).toThrow(QueueUnderflow)
    expect(() => queue.get()).toThrow(expect.objectContaining({ code: 'ERR_QUEUE_UNDERFLOW' }))
    queue.put('a')
    queue.put('b')
    expect(() => queue.put('c')).toThrow(QueueOverflow)
    expect(() => queue.put('c')).toThrow(expect.objectContaining({ code: 'ERR_QUEUE_OVERFLOW' }))
    expect([outcome(get).value, [...queue]]).toEqual(['a', ['b']])
    queue.clear()
    queue.put('c')
    expect([...queue]).toEqual(['c'])
  })

  test('with a size of 0 hands over, and with a backlog of 0 lets nobody wait', () => {
    const handing = new Queue<string>({ size: 0 })
    const get = outcome(handing.get())
    handing.put('a')
    expect(get.value).toBe('a')
    expect(() => handing.put('b')).toThrow(QueueOverflow)
    expect(() => new Queue({ backlog: 0 }).get()).toThrow(QueueUnderflow)
  })

  test.each([{ size: -1 }, { size: 0.5 }, { backlog: NaN }, { backlog: '1' as never }, { size: null as never }])(
    'refuses %o for its limits',
    (limits) => {
      expect(() => new Queue(limits)).toThrow(expect.objectContaining({ name: 'RangeError', code: 'ERR_INVALID_SIZE' }))
    },
  )

  test('lets go of whoever cancels, or is fired by hand', () => {
    const queue = new Queue<string>({ backlog: 3 })
    const gets = [queue.get(), queue.get(), queue.get()] as const
    gets[0].addErrback(() => {})
    gets[0].cancel()
    expect(queue.waiting).toBe(2)
    gets[1].callback('by hand')
    expect(queue.waiting).toBe(1)
    queue.put('a')
    expect(outcome(gets[2]).value).toBe('a')
    const failing = queue.get()
    failing.errback('by hand')
    expect([outcome(failing).error, queue.waiting]).toEqual(['by hand', 0])
  })

  test('passes over whoever was fired by a deferred that it was chained to', () => {
    const queue = new Queue<string>()
    const [chained, next] = [queue.get(), outcome(queue.get())]
    const other = new Deferred<string>()
    other.chainDeferred(chained)
    expect(() => chained.callback('by hand')).toThrow(expect.objectContaining({ code: 'ERR_CHAINED' }))
    expect(queue.waiting).toBe(2)
    other.callback('chained')
    queue.put('a')
    expect([outcome(chained).value, next.value, queue.waiting]).toEqual(['chained', 'a', 0])
  })

  test('may be used by whoever is given an item', () => {
    const queue = new Queue<string>()
    const said: unknown[] = []
    queue.get().addCallback((item) => {
      queue.put('mine')
      said.push(item, outcome(queue.get()).value)
    })
    queue.get().addCallback((item) => said.push(item))
    queue.put('a')
    // The second one waited for longer than whoever was given 'a'.
    expect(said).toEqual(['mine', 'a', undefined])
    queue.put('b')
    expect([queue.length, queue.waiting]).toEqual([0, 0])
  })

  describe('once closed', () => {
    test('has failed whoever waited, in order, with an error that says why', () => {
      const queue = new Queue<string>()
      const said: unknown[] = []
      for (const name of ['first', 'second']) queue.get().addErrback(({ value }) => said.push(name, value))
      queue.close('no more work')
      const closed = expect.objectContaining({ name: 'ClosedError', code: 'ERR_CLOSED', cause: 'no more work' })
      expect(said).toEqual(['first', closed, 'second', closed])
      expect([queue.closed, queue.waiting]).toEqual([true, 0])
    })

    test('takes nothing, gives what is there, and then fails', () => {
      const queue = new Queue<string>({ backlog: 0 })
      queue.put('a')
      queue.put('b')
      queue.close('first')
      queue.close('again')
      expect(() => queue.put('c')).toThrow(expect.objectContaining({ code: 'ERR_CLOSED', cause: 'first' }))
      expect([outcome(queue.get()).value, outcome(queue.get()).value]).toEqual(['a', 'b'])
      expect(outcome(queue.get()).error).toMatchObject({ code: 'ERR_CLOSED' })
    })

    test('stays so for whoever is told, and waits again or puts', () => {
      const queue = new Queue<string>()
      let again: unknown
      const told = queue.get().addErrback(() => {
        again = outcome(queue.get()).error
        queue.put('x')
      })
      told.addErrback(({ value }) => expect(value).toMatchObject({ code: 'ERR_CLOSED' }))
      queue.close()
      expect(again).toMatchObject({ code: 'ERR_CLOSED' })
    })

    test('by the end of its block', () => {
      let get: Deferred<string>
      {
        using queue = new Queue<string>()
        get = queue.get()
      }
      expect(outcome(get).error).toMatchObject({ code: 'ERR_CLOSED' })
    })
  })

  describe('in a for await loop', () => {
    test('gives what is there and what comes, and ends when it is closed and empty', async () => {
      const queue = new Queue<number>()
      queue.put(1)
      const got: number[] = []
      for await (const item of queue) {
        got.push(item)
        if (item === 1) queueMicrotask(() => queue.put(2))
        if (item === 2) {
          queue.put(3)
          queue.close()
        }
      }
      expect(got).toEqual([1, 2, 3])
    })

    test('ends when it is closed while the loop waits', async () => {
      const queue = new Queue<number>()
      setImmediate(() => queue.close())
      for await (const item of queue) expect.fail(`got ${item}`)
      expect(queue.waiting).toBe(0)
    })

    test('is left with nobody waiting', async () => {
      const queue = new Queue<number>()
      queue.put(1)
      queue.put(2)
      for await (const item of queue) if (item === 1) break
      expect([[...queue], queue.waiting]).toEqual([[2], 0])
    })

    test('lets those go who wait when an iterator is ended from outside', async () => {
      const queue = new Queue<number>()
      const iterator = queue[Symbol.asyncIterator]()
      const waiting = [iterator.next(), iterator.next()]
      expect(queue.waiting).toBe(2)
      await iterator.return?.()
      expect(queue.waiting).toBe(0)
      const end = { done: true, value: undefined }
      expect(await Promise.all([...waiting, iterator.next()])).toEqual([end, end, end])
      queue.put(1)
      expect([...queue]).toEqual([1])
    })

    test('shares its items among several loops, each item to one', async () => {
      const queue = new Queue<number>()
      const got: number[][] = [[], []]
      const loops = got.map(async (mine) => {
        for await (const item of queue) mine.push(item)
      })
      for (let i = 0; i < 4; i++) queue.put(i)
      queue.close()
      await Promise.all(loops)
      expect(got).toEqual([[0, 2], [1, 3]])
    })

    test('gives items that are promises as they are, and throws what a Failure holds', async () => {
      const queue = new Queue<unknown>()
      const promise = Promise.resolve(1)
      queue.put(promise)
      queue.put(new Failure('wrong'))
      const iterator = queue[Symbol.asyncIterator]()
      expect((await iterator.next()).value).toBe(promise)
      await expect(iterator.next()).rejects.toBe('wrong')
    })

    test('counts in the backlog', async () => {
      const queue = new Queue<number>({ backlog: 0 })
      await expect(queue[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'ERR_QUEUE_UNDERFLOW' })
    })

    test('fails, and does not end, with another queue’s closing for an item', async () => {
      const [queue, other] = [new Queue<unknown>(), new Queue<string>()]
      other.close()
      other.get().addErrback((failure) => queue.put(failure))
      await expect(queue[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    })
  })
})
