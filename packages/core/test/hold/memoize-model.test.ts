import fc from 'fast-check'
import { CancelledError, Deferred, ManualClock, memoize } from 'potoroo'
import { expect, test } from 'vitest'
import { type MemoSettings, MemoModel } from './memo-model.ts'

const arg = fc.integer({ min: 0, max: 4 })
const index = fc.nat(30)
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('call' as const), arg }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('succeed' as const), index }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('fail' as const), index }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('cancel' as const), index }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('advance' as const), index }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('delete' as const), arg }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('clear' as const) }) },
)
const settings: fc.Arbitrary<MemoSettings> = fc.record({
  maxAge: fc.constantFrom(Infinity, 0, 3, 10),
  maxSize: fc.constantFrom(Infinity, 1, 2, 3),
  staleWhileRevalidate: fc.constantFrom(0, 4, Infinity),
  inFlightOnly: fc.boolean(),
  cacheFailures: fc.boolean(),
})

test('in any order of calls, ends, cancellations and time, it does what its definition says', () => {
  fc.assert(
    fc.property(settings, fc.array(step, { maxLength: 60 }), (settings, steps) => {
      const clock = new ManualClock()
      const works: Deferred<string>[] = []
      const callers: Deferred<string>[] = []
      const seen: string[] = []
      const model = new MemoModel(settings)
      const memoized = memoize(
        (_n: number) => {
          const id = works.length
          const work = new Deferred<string>(() => seen.push(`cancelled ${id}`))
          works.push(work)
          return work
        },
        { ...settings, clock },
      )
      for (const step of steps) {
        if (step.do === 'call') {
          const id = callers.length
          callers.push(
            memoized(step.arg).addBoth((result): string => {
              seen.push(`${id}: ${typeof result === 'string' ? result : result.check(CancelledError) ? 'withdrawn' : String(result.value)}`)
              return ''
            }),
          )
          model.call(step.arg)
        } else if (step.do === 'advance') {
          clock.advance(step.index % 7)
          model.now += step.index % 7
        } else if (step.do === 'delete') {
          expect(memoized.delete(step.arg)).toBe(model.delete(step.arg))
        } else if (step.do === 'clear') {
          memoized.clear()
          model.clear()
        } else if (step.do === 'cancel') {
          if (callers.length === 0) continue
          callers[step.index % callers.length]!.cancel()
          model.cancel(step.index % callers.length)
        } else {
          const id = step.index % Math.max(1, works.length)
          if (works[id] === undefined || works[id].called) continue
          const result = `${step.do} ${id}`
          // A refresh that fails is reported; not here.
          if (step.do === 'fail') works[id].addErrback(() => undefined as never)
          if (step.do === 'fail') works[id].errback(result)
          else works[id].callback(result)
          model.end(id, result, step.do === 'fail')
        }
        expect(seen).toEqual(model.seen)
        expect([memoized.size, works.length]).toEqual([model.entries.length, model.runs.length])
      }
      expect(clock.pendingTimers).toBe(0)
    }),
    { numRuns: 1_500 },
  )
})
