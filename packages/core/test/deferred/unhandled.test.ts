import { execFile } from 'node:child_process'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import {
  CancelledError,
  Deferred,
  fail,
  Failure,
  type FirstError,
  gatherResults,
  inlineCallbacks,
  setDebug,
  setUnhandledFailureHandler,
  succeed,
} from 'potoroo'
import { afterEach, beforeEach, expect, test } from 'vitest'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

let reported: Failure[] = []
let before: ReturnType<typeof setUnhandledFailureHandler>
beforeEach(() => {
  reported = []
  before = setUnhandledFailureHandler((failure) => reported.push(failure))
})
afterEach(() => setUnhandledFailureHandler(before))

/** Lets a collection happen, and what waits for it. */
async function collected(): Promise<void> {
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setTimeout(resolve))
    collect()
  }
  await new Promise((resolve) => setTimeout(resolve))
}

test('a failure that nobody handled is reported once, when the deferred is collected', async () => {
  const error = new Error('lost')
  void fail(error)
  await collected()
  await collected()
  expect(reported.map((failure) => failure.value)).toEqual([error])
})

test('it is reported though the error’s unformatted stack frames would keep the deferred alive', async () => {
  class Service {
    readonly work = new Deferred<number>()
    start(): void {
      this.work.errback(new Error('from a method'))
    }
  }
  new Service().start()
  await collected()
  expect(reported.map(String)).toEqual(['[Failure: Error: from a method]'])
})

test('it is not reported while the deferred is referred to', async () => {
  const deferred = fail('held')
  await collected()
  expect(reported).toEqual([])
  deferred.addErrback(() => {})
})

test('it is never reported if an errback took it, however late', async () => {
  fail('at once').addErrback(() => {})
  let late: Deferred<unknown> | undefined = fail('late')
  await collected()
  late.addErrback(() => {})
  late = undefined
  await collected()
  expect(reported).toEqual([])
})

test('it is never reported if a then took it: the promise answers for it', async () => {
  fail('promise').then(undefined, () => {})
  await fail('awaited').catch(() => {})
  await collected()
  expect(reported).toEqual([])
})

test('it is never reported if it is a cancellation', async () => {
  new Deferred().cancel()
  void fail(new CancelledError())
  void fail(new DOMException('aborted', 'AbortError'))
  await collected()
  expect(reported).toEqual([])
})

test('an errback that passes its failure on has not handled it, nor has one that throws', async () => {
  fail('passed on').addErrback((failure) => failure)
  fail('first').addErrback(() => {
    throw 'second'
  })
  await collected()
  expect(reported.map((failure) => failure.value).sort()).toEqual(['passed on', 'second'])
})

test('an inner deferred’s failure is reported for the outer one only', async () => {
  void succeed().addCallback(() => fail('inner'))
  await collected()
  expect(reported.map((failure) => failure.value)).toEqual(['inner'])
})

test('a failure that was passed on to a chained deferred is reported for that one only', async () => {
  const second = new Deferred<never>()
  void fail('x').chainDeferred(second)
  second.addErrback(() => {})
  await collected()
  expect(reported).toEqual([])
})

test('a failure that is passed on late, when it is watched already, is reported for the chained deferred only', async () => {
  let first: Deferred<never> | undefined = fail('taken by the second')
  let other: Deferred<never> | undefined = fail('left to the second')
  await collected()
  const second = new Deferred<never>()
  first.chainDeferred(second)
  second.addErrback(() => {})
  other.chainDeferred(new Deferred<never>())
  first = other = undefined
  await collected()
  expect(reported.map((failure) => failure.value)).toEqual(['left to the second'])
})

test('what a coroutine throws is reported, what it catches is not', async () => {
  void inlineCallbacks(function* () {
    yield* fail('thrown')
  })()
  void inlineCallbacks(function* () {
    try {
      yield* fail('caught')
    } catch {
      // Handled.
    }
  })()
  await collected()
  expect(reported.map((failure) => failure.value)).toEqual(['thrown'])
})

test('a canceller that fires the deferred and then throws is not passed over in silence', async () => {
  const error = new Error('after firing')
  const deferred = new Deferred<number>((self) => {
    self.callback(1)
    throw error
  })
  deferred.cancel()
  expect(deferred.peek()).toEqual({ status: 'fulfilled', value: 1 })
  await collected()
  expect(reported.map((failure) => failure.value)).toEqual([error])
})

test('what a combination has taken is not reported, what it fails with is', async () => {
  void gatherResults([fail('member')], { consumeErrors: true }).addErrback(() => {})
  void gatherResults([fail('other')], { consumeErrors: true })
  await collected()
  expect(reported.map((failure) => (failure.value as FirstError).failure.value)).toEqual(['other'])
})

test('a progress listener that throws is reported', async () => {
  const deferred = new Deferred<number>().addProgress(() => {
    throw new Error('listener')
  })
  deferred.notify(1)
  await collected()
  expect(reported.map(String)).toEqual(['[Failure: Error: listener]'])
})

test('the report says where the deferred was made if debugging is on', async () => {
  const seen: (string | undefined)[] = []
  setUnhandledFailureHandler((_, { madeAt }) => seen.push(madeAt))
  setDebug(true)
  try {
    void fail('x')
    await collected()
  } finally {
    setDebug(false)
  }
  void fail('y')
  await collected()
  expect(seen).toEqual([expect.stringContaining('unhandled.test.ts'), undefined])
})

test('setUnhandledFailureHandler gives back the one before', () => {
  const mine = (): void => {}
  const first = setUnhandledFailureHandler(mine)
  expect(setUnhandledFailureHandler(first)).toBe(mine)
})

/** What a program that uses Potoroo writes to standard error. */
function stderrOf(program: string): Promise<string> {
  const flags = ['--conditions=potoroo-source', '--disable-warning=ExperimentalWarning', '--input-type=module', '-e']
  return new Promise((resolve) => {
    execFile(process.execPath, [...flags, program], { cwd: import.meta.dirname }, (_, __, stderr) => resolve(stderr))
  })
}

test('when the process exits, what is left is written to standard error, once', async () => {
  const stderr = await stderrOf(`
    import { fail } from 'potoroo'
    globalThis.held = [fail(new Error('left over')), fail(new Error('taken'))]
    held[1].addErrback(() => {})`)
  expect(stderr.match(/Error: left over/g)).toHaveLength(1)
  expect(stderr).not.toContain('taken')
})

test('also when it exits at once', async () => {
  const stderr = await stderrOf(`
    import { fail } from 'potoroo'
    fail(new Error('in haste'))
    process.exit(0)`)
  expect(stderr).toContain('Error: in haste')
})

test('at exit the report says where the deferred was made if debugging is on', async () => {
  const stderr = await stderrOf(`
    import { fail, setDebug } from 'potoroo'
    setDebug(true)
    globalThis.held = fail(new Error('left over'))`)
  expect(stderr).toMatch(/left over[^]*Its deferred was made at /)
})

test('at exit a handler of one’s own is told, and nothing is written', async () => {
  const stderr = await stderrOf(`
    import { fail, setUnhandledFailureHandler } from 'potoroo'
    setUnhandledFailureHandler((failure) => console.error('MINE', String(failure)))
    globalThis.held = fail(new Error('left over'))`)
  expect(stderr).toBe('MINE [Failure: Error: left over]\n')
})

test('what was reported when it was collected is not reported again at exit', async () => {
  const stderr = await stderrOf(`
    import { fail, setUnhandledFailureHandler } from 'potoroo'
    import { setFlagsFromString } from 'node:v8'
    import { runInNewContext } from 'node:vm'
    setFlagsFromString('--expose-gc')
    const gc = runInNewContext('gc')
    setUnhandledFailureHandler((failure) => console.error('MINE', String(failure)))
    void fail(new Error('lost'))
    for (let i = 0; i < 4; i++) {
      await new Promise((resolve) => setTimeout(resolve))
      gc()
    }`)
  expect(stderr).toBe('MINE [Failure: Error: lost]\n')
})

test('by default a failure is a warning of the runtime', async () => {
  const stderr = await stderrOf(`
    import { fail } from 'potoroo'
    import { setFlagsFromString } from 'node:v8'
    import { runInNewContext } from 'node:vm'
    setFlagsFromString('--expose-gc')
    const gc = runInNewContext('gc')
    process.on('warning', (warning) => console.error('WARNED', warning.name))
    void fail(new Error('lost'))
    for (let i = 0; i < 4; i++) {
      await new Promise((resolve) => setTimeout(resolve))
      gc()
    }`)
  expect(stderr).toContain('UnhandledFailure: A failure was not handled: Error: lost')
  expect(stderr).toContain('WARNED UnhandledFailure')
})
