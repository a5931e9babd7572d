import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type Deferred, DeferredDict, DeferredLock, DeferredPool, DeferredPriorityQueue, DeferredQueue, DeferredSemaphore } from 'potoroo'
import { describe, expect, test } from 'vitest'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** The heap in use, in bytes, when all that can go has gone. */
async function heap(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setTimeout(resolve))
    collect()
  }
  return process.memoryUsage().heapUsed
}

/** By how many bytes the heap is larger after `work` than before; `warm` lets the engine make its own things first. */
async function growth(work: (times: number) => void, times: number): Promise<number> {
  work(1_000)
  const before = await heap()
  work(times)
  return (await heap()) - before
}

const MB = 2 ** 20
const many = 200_000

describe.each([
  ['DeferredQueue', () => new DeferredQueue<number>(), 16],
  ['DeferredPriorityQueue', () => new DeferredPriorityQueue<number>(), 160],
] as const)('a %s', (_, make, most) => {
  test(`needs at most ${most} bytes an item, and nothing for items that were taken or cleared`, async () => {
    const queue = make()
    const fill = (): void => {
      for (let i = 0; i < many; i++) queue.put(i)
    }
    const takeAll = (): void => {
      while (queue.length > 0) queue.get()
    }
    for (const leave of [() => queue.clear(), takeAll]) {
      // Once, so that the engine makes its own things.
      fill()
      leave()
      const empty = await heap()
      fill()
      const full = await heap()
      leave()
      const after = await heap()
      expect((full - empty) / many).toBeLessThan(most)
      expect(after - empty).toBeLessThan(MB)
    }
  })

  test('keeps no item that has left, whichever way', async () => {
    const queue = make() as unknown as DeferredQueue<object> | DeferredPriorityQueue<object>
    const refs = ((): WeakRef<object>[] => {
      const items = Array.from({ length: 600 }, () => ({}))
      for (const item of items) queue.put(item)
      for (let i = 0; i < 300; i++) queue.get()
      if (queue instanceof DeferredQueue) return items.slice(0, 300).map((item) => new WeakRef(item))
      for (const item of items.slice(300, 500)) queue.delete(item)
      return items.slice(0, 500).map((item) => new WeakRef(item))
    })()
    await heap()
    expect(refs.filter((ref) => ref.deref() !== undefined).length).toBe(0)
  })

  test('stays as it is, however many come and go while a few stay', async () => {
    const queue = make()
    for (let i = 1; i <= 10; i++) queue.put(-i)
    let next = 0
    const churn = (times: number): void => {
      for (let i = 0; i < times; i++) {
        queue.put(next++)
        if (queue instanceof DeferredPriorityQueue && i % 2 === 0) queue.delete(next - 1)
        else queue.get()
      }
    }
    expect(await growth(churn, 1_000_000)).toBeLessThan(MB)
    expect(queue.length).toBe(10)
  })
})

test('deleting, and moving, leaves nothing in the heap of a priority queue', async () => {
  const queue = new DeferredPriorityQueue<number>()
  for (let i = 0; i < 10; i++) queue.put(i, 5)
  let next = 10
  const churn = (times: number): void => {
    for (let i = 0; i < times; i++) {
      // Before those that are there: so it stands in the heap, not in the list of those who came in order.
      queue.put(next, -i)
      queue.reprioritize(next, i % 7)
      queue.delete(next++)
    }
  }
  expect(await growth(churn, 1_000_000)).toBeLessThan(MB)
})

describe('whoever has waited and left leaves nothing behind', () => {
  const cancel = (make: () => Deferred<unknown>) => (times: number): void => {
    const waiting = Array.from({ length: 100 }, make)
    for (let i = 0; i < times; i++) {
      waiting.push(make())
      waiting.splice((i * 7) % waiting.length, 1)[0]?.cancel()
    }
    for (const one of waiting) one.cancel()
  }
  const queue = new DeferredQueue<number>()
  const dict = new DeferredDict<number, number>()
  const pool = new DeferredPool()
  const lock = new DeferredLock()
  lock.acquire()
  const semaphore = new DeferredSemaphore(0)
  let key = 0
  const ways: [string, () => Deferred<unknown>][] = [
    ['get of a queue', () => queue.get()],
    ['get of a dict, each for another key', () => dict.get(key++)],
    ['get of a dict, for one key', () => dict.get(-1)],
    ['notifyWhenEmpty of a pool', () => pool.notifyWhenEmpty({ testImmediately: false })],
    ['acquire of a lock', () => lock.acquire()],
    ['run of a semaphore', () => semaphore.run(() => {})],
    ['a get that is fired by hand', () => {
      const get = queue.get()
      get.callback(0)
      return get
    }],
  ]
  test.each(ways)('%s', async (_, make) => {
    expect(await growth(cancel(make), many)).toBeLessThan(MB)
  })
})

test('100,000 who wait leave from anywhere in the line in constant time each', () => {
  // Were it linear, these would be 10^10 steps, and the test would not come to its end.
  const lock = new DeferredLock()
  lock.acquire()
  const waiting = Array.from({ length: 100_000 }, () => lock.acquire())
  for (let i = 0; i < waiting.length; i++) waiting[(i * 7_919) % waiting.length]?.cancel()
  expect(lock.waiting).toBe(0)
})
