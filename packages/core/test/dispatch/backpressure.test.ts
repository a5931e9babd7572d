import fc from 'fast-check'
import { type Deferred, ManualClock, ResizableDispatchQueue, sleep } from 'potoroo'
import { describe, expect, test } from 'vitest'
import { hold, outcome } from './held.ts'
import { runs } from './runs.ts'

describe('onSizeLessThan', () => {
  test('fires at once while there is room, else when enough have left', () => {
    const { queue, end } = hold(1)
    for (const name of 'abcd') queue.put(name)
    expect(queue.onSizeLessThan(4).called).toBe(true)
    const [two, one] = [queue.onSizeLessThan(2), queue.onSizeLessThan(1)]
    const seen: (readonly [boolean, boolean])[] = []
    for (const name of 'abc') {
      end(name)
      seen.push([two.called, one.called])
    }
    expect(seen).toEqual([[false, false], [true, false], [true, true]])
  })

  test.each<[string, (held: ReturnType<typeof hold>) => unknown]>([
    ['a pending job is cancelled', ({ queue }) => queue.pending()[0]?.cancel()],
    ['the queue is cleared', ({ queue }) => queue.clearQueue()],
    ['the queue is stopped', ({ queue }) => queue.stop()],
    ['the queue is widened', ({ queue }) => (queue.width = 2)],
    ['a job ends', ({ end }) => end('a')],
  ])('fires when %s', (_, act) => {
    const held = hold(1)
    for (const name of 'ab') held.queue.put(name).addErrback(() => {})
    const room = held.queue.onSizeLessThan(1)
    expect(room.called).toBe(false)
    act(held)
    expect(room.called).toBe(true)
  })

  test('lets those who wait on one after the other, as far as what they put allows', () => {
    const { queue, end } = hold(1)
    for (const name of 'ab') queue.put(name)
    const on: string[] = []
    for (const name of 'cde') {
      queue.onSizeLessThan(1).addCallback(() => {
        on.push(name)
        queue.put(name)
      })
    }
    end('a')
    expect([on, queue.size()]).toEqual([['c'], { pending: 1, underway: 1 }])
    for (const name of 'bc') end(name)
    expect(on).toEqual(['c', 'd', 'e'])
  })

  test('who waits for more room does not hold up those who wait for less', () => {
    const { queue, end } = hold(1)
    for (const name of 'abc') queue.put(name)
    const rooms = [1, 2, 1, 2].map((limit) => queue.onSizeLessThan(limit))
    end('a')
    expect(rooms.map((room) => room.called)).toEqual([false, true, false, true])
    end('b')
    expect(rooms.map((room) => room.called)).toEqual([true, true, true, true])
  })

  test('one that is cancelled, by whomever and whenever, leaves the others where they are', async () => {
    const { queue, end } = hold(1)
    for (const name of 'ab') queue.put(name)
    const rooms: Deferred<void>[] = Array.from({ length: 4 }, () => queue.onSizeLessThan(1))
    rooms[0]?.addCallback(() => rooms[1]?.cancel())
    rooms[1]?.addErrback(() => {})
    const cancelled = rooms[3] as Deferred<void>
    cancelled.cancel()
    end('a')
    expect(rooms.map((room) => room.called)).toEqual([true, true, true, true])
    expect(await outcome(cancelled)).toMatchObject({ code: 'ERR_CANCELLED' })
  })

  test('keeps a producer that awaits it below the limit, with any width and any order of ends', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 5 }), fc.array(fc.nat(9), { maxLength: 30 }), async (width, limit, times) => {
        const clock = new ManualClock()
        const queue = new ResizableDispatchQueue((ms: number) => sleep(clock, ms), { width, clock })
        let most = 0
        const produced = (async () => {
          for (const ms of times) {
            await queue.onSizeLessThan(limit)
            queue.put(ms)
            most = Math.max(most, queue.size().pending)
          }
        })()
        let done = false
        void produced.then(() => (done = true))
        while (!done) {
          for (let i = 0; i < 10; i++) await Promise.resolve()
          clock.advance(1)
        }
        expect(most).toBeLessThanOrEqual(limit)
        const stop = queue.stop()
        clock.advance(10)
        await stop
      }),
      runs(100),
    )
  })

  test.each([0, -1, 1.5, NaN, Infinity, '3' as unknown as number])('refuses %s as a limit', (limit) => {
    expect(() => hold(1).queue.onSizeLessThan(limit)).toThrow(expect.objectContaining({ name: 'RangeError', code: 'ERR_INVALID_SIZE' }))
  })
})
