import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { setUnhandledFailureHandler } from 'potoroo'
import { expect, test } from 'vitest'
import { tool } from '../../../../scripts/vitest/tools.ts'
import { twistedPrograms } from './model/program.ts'
import { engine, trace } from './model/worlds.ts'

/** More for a night's run: `PROGRAMS=100000 npx vitest run twisted` takes half a minute. */
const wanted = Number(process.env['PROGRAMS'] ?? 5_000)
/** How many go to Python at once, so that not all traces are in memory together. */
const BATCH = 10_000

const name = 'random programs do on a Deferred what they do on Twisted’s'
const python = tool('TWISTED_PYTHON', name)

test.skipIf(python === undefined)(name, { timeout: 60_000 + wanted * 20 }, () => {
  // Programs leave failures alone, on purpose.
  setUnhandledFailureHandler(() => {})
  let compared = 0
  while (compared < wanted) {
    const before = compared
    const sampled = fc.sample(twistedPrograms, Math.min(BATCH, 2 * (wanted - compared)))
    const input = sampled.map((program) => JSON.stringify(program)).join('\n')
    const script = new URL('model/on_twisted.py', import.meta.url).pathname
    const output = execFileSync(python as string, [script], { input, maxBuffer: 2 ** 30, stdio: ['pipe', 'pipe', 'inherit'] })
    const theirs = output.toString().trimEnd().split('\n')
    sampled.forEach((program, i) => {
      const twisted = JSON.parse(theirs[i] as string) as string[]
      const ours = trace(engine, program).map((line) => (line.startsWith('step ') ? 'step' : line))
      if (isRing(twisted, ours)) return
      compared++
      expect(ours, JSON.stringify(program)).toEqual(twisted)
    })
    expect(compared - before).toBeGreaterThan(sampled.length / 2)
  }
})

/** Here a canceller runs once and a ring is an error; there both recur, or hang. */
function isRing(twisted: readonly string[], ours: readonly string[]): boolean {
  const cancellers = twisted.filter((line) => line.startsWith('canceller'))
  return twisted.length === 0 || new Set(cancellers).size < cancellers.length || /ERR_(RETURNED_ITSELF|DEADLOCK)/.test(ours.join())
}
