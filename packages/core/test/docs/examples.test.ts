import { stripTypeScriptTypes } from 'node:module'
import { fileURLToPath } from 'node:url'
import * as potoroo from 'potoroo'
import { describe, expect, test, vi } from 'vitest'
import { docstringExamples, pageExamples, withChecks } from './examples.ts'

const root = fileURLToPath(new URL('../../../../', import.meta.url))

/** A request that never ends by itself, so that examples stay on this machine. */
function fetch(_url: string, { signal }: { signal: AbortSignal }): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
}

const scope: Record<string, unknown> = {
  ...potoroo,
  fetch,
  console: { log() {}, error() {}, warn() {} },
  _same: (actual: unknown, stated: unknown) => expect(actual).toEqual(stated),
}

/**
 * Runs an example as the body of an asynchronous function, with the public API in scope. Timers fire in order of their time, as
 * soon as nothing else happens: on a machine that is busy, the platform's may fire in the order of setting.
 */
async function run(code: string): Promise<void> {
  const body = stripTypeScriptTypes(`async () => {\n${withChecks(code).replaceAll(/^import .* from 'potoroo'$/gm, '')}\n}`)
  const made = new Function(...Object.keys(scope), `return ${body}`) as (...values: unknown[]) => () => Promise<void>
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  try {
    const done = made(...Object.values(scope))()
    let over = false
    const end = (): void => void (over = true)
    done.then(end, end)
    while (!over) await vi.advanceTimersToNextTimerAsync()
    await done
  } finally {
    vi.useRealTimers()
  }
}

describe('every example of the core’s docstrings runs, and does what it says', () => {
  const examples = docstringExamples(root, 'packages/core/src')
  test('there are some', () => expect(examples.length).toBeGreaterThan(8))
  test.each(examples.map(({ title, code }) => [title, code] as const))('%s', async (_, code) => run(code))
})

describe('every example of the guides and the reference runs, and does what it says', () => {
  const examples = [...pageExamples(root, 'docs/guides'), ...pageExamples(root, 'docs/reference')]
  // Those of the other packages are run by the tests of those packages.
  const ours = examples.filter(({ code }) => !/from '@potoroo\//.test(code))
  test('there are some', () => expect(ours.length).toBeGreaterThan(3))
  test.each(ours.map(({ title, code }) => [title, code] as const))('%s', async (_, code) => run(code))
})
