import { Deferred, fail, succeed } from 'potoroo'
import promisesAplusTests from 'promises-aplus-tests'
import { expect, test } from 'vitest'

/** What Mocha's runner tells a reporter. */
interface Runner {
  on(event: string, listener: (test: { fullTitle(): string }, error?: Error) => void): void
}

test('Promises/A+: 872 of 872', { timeout: 120_000 }, async () => {
  let passed = 0
  const failed: string[] = []
  function Count(runner: Runner): void {
    runner.on('pass', () => passed++)
    runner.on('fail', (one, error) => failed.push(`${one.fullTitle()}: ${error}`))
  }
  const adapter = {
    resolved: (value: unknown) => Deferred.from(value),
    rejected: (reason: unknown) => fail(reason),
    deferred() {
      const deferred = new Deferred<unknown>()
      let settled = false
      const once = (fire: () => void): void => {
        if (!settled) fire()
        settled = true
      }
      return {
        // `then` of the deferred itself is under test, and the promises that it makes.
        promise: deferred,
        resolve: (value: unknown) => once(() => succeed().addCallback(() => value).chainDeferred(deferred)),
        reject: (reason: unknown) => once(() => deferred.errback(reason)),
      }
    },
  }
  // The suite leaves rejections alone on purpose, which Vitest would count against it.
  const listeners = process.listeners('unhandledRejection')
  process.removeAllListeners('unhandledRejection')
  process.on('unhandledRejection', () => {})
  // Its own 200 ms are short for a machine that is busy with other tests.
  await new Promise<void>((resolve) => promisesAplusTests(adapter, { reporter: Count, timeout: 20_000 }, () => resolve()))
  await new Promise((resolve) => setTimeout(resolve))
  process.removeAllListeners('unhandledRejection')
  for (const listener of listeners) process.on('unhandledRejection', listener)
  expect(failed).toEqual([])
  expect(passed).toBe(872)
})
