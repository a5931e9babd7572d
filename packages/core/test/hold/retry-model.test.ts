import fc from 'fast-check'
import { backoff, type Deferred, fail, Failure, ManualClock, retry, sleep } from 'potoroo'
import { expect, test } from 'vitest'
import { failureOf } from '../deferred/outcome.ts'

const DAY = 86_400_000
const attempt = fc.record({
  /** How long it takes; `undefined`: it has its result at once. */
  takes: fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined }),
  fails: fc.boolean(),
  /** What the failure asks for. */
  asks: fc.option(fc.nat(30), { nil: undefined }),
  /** Whether the tester stops at it. */
  fatal: fc.boolean(),
})
const program = fc.record({
  attempts: fc.array(attempt, { minLength: 10, maxLength: 10 }),
  /** `undefined`: the usual ones. */
  delays: fc.option(fc.array(fc.nat(30), { maxLength: 9 }), { nil: undefined }),
  timeout: fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined }),
  cancelAt: fc.option(fc.nat(200), { nil: undefined }),
  /** Whether it is cancelled by a signal. */
  aborted: fc.boolean(),
  fatal: fc.boolean(),
})

test('whatever the attempts do, when they are made and what comes of it is as its definition says', () => {
  fc.assert(
    fc.property(program, ({ attempts, delays, timeout, cancelAt, aborted, fatal }) => {
      const controller = new AbortController()
      const clock = new ManualClock()
      const seen: string[] = []
      let ended: string | undefined
      const deferred = retry(
        ({ attempt }): Deferred<string> | string => {
          const { takes, fails } = attempts[attempt - 1]!
          seen.push(`${attempt} at ${clock.now()}`)
          if (takes === undefined) {
            if (fails) throw attempt
            return `done ${attempt}`
          }
          const work = sleep(clock, takes, `done ${attempt}`)
          return fails ? work.addCallback(() => fail<string>(attempt)) : work
        },
        {
          clock,
          timeout,
          signal: aborted ? controller.signal : undefined,
          backoff: delays,
          delayAfter: ({ value }) => attempts[Number(value) - 1]?.asks,
          failureTester: ({ value }) => (fatal && attempts[Number(value) - 1]?.fatal ? new Failure(`fatal ${String(value)}`) : undefined),
        },
      )
      deferred.addBoth((result) => {
        ended = result instanceof Failure ? nameOf(result.value) : result
        seen.push(`${ended} at ${clock.now()}`)
      })
      if (cancelAt !== undefined) {
        // The last moment before `cancelAt`, so that nothing else falls due at it.
        clock.advance(cancelAt + 0.5)
        if (aborted) controller.abort()
        else deferred.cancel()
      }
      clock.advance(DAY)
      expect(seen).toEqual(expected(attempts, delays ?? [...backoff()], timeout, cancelAt === undefined ? Infinity : cancelAt + 0.5, fatal))
      expect(clock.pendingTimers).toBe(0)
      if (deferred.peek().status === 'rejected') failureOf(deferred)
    }),
    { numRuns: 1_500 },
  )
})

function nameOf(value: unknown): string {
  return value instanceof Error ? String((value as Error & { code: string }).code) : String(value)
}

function expected(
  attempts: { takes: number | undefined; fails: boolean; asks: number | undefined; fatal: boolean }[],
  delays: number[],
  timeout = Infinity,
  cancelAt: number,
  fatal: boolean,
): string[] {
  const events: { text: string; at: number }[] = []
  let now = 0
  let first = 'ERR_NO_ATTEMPTS'
  let asked: number | undefined
  let end: string | undefined
  for (let i = 0; i < delays.length && end === undefined; i++) {
    now += asked ?? delays[i]!
    const { takes = 0, fails, asks, fatal: stops } = attempts[i]!
    events.push({ text: String(i + 1), at: now })
    // The time-out was set later than the work's own timer: at the same moment it comes second.
    const late = takes > timeout
    now += late ? timeout : takes
    if (!late && !fails) {
      end = `done ${i + 1}`
      break
    }
    if (i === 0) first = late ? 'ERR_TIMEOUT' : '1'
    asked = late ? undefined : asks
    if (!late && fatal && stops) end = `fatal ${i + 1}`
  }
  events.push({ text: end ?? first, at: now })
  const before = events.filter(({ at }) => at < cancelAt)
  if (before.length < events.length) before.push({ text: 'ERR_CANCELLED', at: cancelAt })
  return before.map(({ text, at }) => `${text} at ${at}`)
}
