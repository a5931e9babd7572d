import fc from 'fast-check'
import { setUnhandledFailureHandler } from 'potoroo'
import { expect, test } from 'vitest'
import { programs } from './model/program.ts'
import { engine, model, trace } from './model/worlds.ts'

/** More for a night's run: `PROGRAMS=1000000 npx vitest run model`. */
const numRuns = Number(process.env.PROGRAMS ?? 20_000)

test('random programs do on a Deferred what they do on the model', { timeout: 30_000 + numRuns * 2 }, () => {
  // Programs leave failures alone, on purpose.
  setUnhandledFailureHandler(() => {})
  fc.assert(
    fc.property(programs, (program) => {
      expect(trace(engine, program)).toEqual(trace(model, program))
    }),
    { numRuns },
  )
})
