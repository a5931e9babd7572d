import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { setUnhandledFailureHandler } from 'potoroo'
import { expect, test } from 'vitest'
import { type Program, programs, type Step } from './model/program.ts'
import { engine, trace } from './model/worlds.ts'

/** A Python that has Twisted: `TWISTED_PYTHON=python3 npx vitest run twisted`. Without one there is nothing to compare with. */
const python = process.env.TWISTED_PYTHON
const sampled = Number(process.env.PROGRAMS ?? 700_000)

/** Whether we mean to do as Twisted: see docs/decisions/0006-where-deferreds-are-not-twisteds.md. */
function isComparable({ cancellers, steps }: Program): boolean {
  const nested = steps.flatMap((one) => (one.op === 'add' ? [one.onValue, one.onFailure] : [])).flatMap(inner)
  const paused = new Set(steps.filter(({ op }) => op === 'pause').map(({ which }) => which))
  const returns = (one: Step): boolean => one.op === 'add' && (one.onValue?.do === 'return' || one.onFailure?.do === 'return')
  return (
    // One that waits and is paused.
    ![...steps, ...nested].some((one) => paused.has(one.which) && returns(one)) &&
    !cancellers.some((canceller) => canceller === 'throw' || canceller === 'cancel') &&
    ![...steps, ...nested].some(({ op }) => op === 'chain') &&
    !nested.some(({ op }) => op === 'pause' || op === 'unpause')
  )
}

function inner(action: { do: string; step?: Step } | undefined): Step[] {
  return action?.step === undefined ? [] : [action.step]
}

test.skipIf(python === undefined)('random programs do on a Deferred what they do on Twisted’s', { timeout: 3_600_000 }, () => {
  setUnhandledFailureHandler(() => {})
  const comparable = fc.sample(programs, sampled).filter(isComparable)
  const input = comparable.map((program) => JSON.stringify(program)).join('\n')
  const script = new URL('model/on_twisted.py', import.meta.url).pathname
  const output = execFileSync(python as string, [script], { input, maxBuffer: 2 ** 31 - 1, stdio: ['pipe', 'pipe', 'inherit'] })
  const theirs = output.toString().trimEnd().split('\n')
  let compared = 0
  comparable.forEach((program, i) => {
    const twisted = JSON.parse(theirs[i] as string) as string[]
    const ours = trace(engine, program).map((line) => (line.startsWith('step ') ? 'step' : line))
    // Here a canceller runs once and a ring is an error; there both recur, or hang.
    const cancellers = twisted.filter((line) => line.startsWith('canceller'))
    if (twisted.length === 0) return
    if (new Set(cancellers).size < cancellers.length || /ERR_(RETURNED_ITSELF|DEADLOCK)/.test(ours.join())) return
    compared++
    expect(ours, JSON.stringify(program)).toEqual(twisted)
  })
  expect(compared).toBeGreaterThan(sampled / 10)
})
