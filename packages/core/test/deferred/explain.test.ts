import { Deferred, fail, inlineCallbacks, setDebug, succeed } from 'potoroo'
import { afterEach, expect, test } from 'vitest'

afterEach(() => void setDebug(false))

function parse(text: string): number {
  return Number(text)
}
function recover(): number {
  return 0
}
function log(): void {}

/** Without the places, which change with every edit of this file. */
function explained(deferred: Deferred<never> | Deferred<unknown>): string {
  return (deferred as Deferred<unknown>).explain().replaceAll(/ at .*:\d+:\d+\)?/g, ' at …')
}

test('explain draws the pairs still to run, by function name', () => {
  const deferred = new Deferred<string>()
  deferred
    .addCallback(parse)
    .addErrback(recover)
    .addBoth(log)
    .addCallback(() => 1)
  expect(explained(deferred)).toBe(
    [
      'Deferred, pending',
      '  ┌─ callback ──┬─ errback ┐',
      '  │ parse       │ –        │',
      '  │ –           │ recover  │',
      '  │ log         │ log      │',
      '  │ (anonymous) │ –        │',
      '  └─────────────┴──────────┘',
    ].join('\n'),
  )
})

test('explain tells where it stands', () => {
  expect(explained(succeed(1))).toBe('Deferred, fulfilled with 1')
  const failed = fail(new Error('x'))
  expect(explained(failed)).toBe('Deferred, failed with Error: x')
  failed.addErrback(log)
  const several = fail(new Error('one\n  two'))
  expect(explained(several)).toBe('Deferred, failed with Error: one two')
  several.addErrback(log)
  const long = succeed('x'.repeat(100))
  expect(explained(long)).toBe(`Deferred, fulfilled with "${'x'.repeat(58)}…`)
  const cancelled = new Deferred()
  cancelled.cancel()
  expect(explained(cancelled)).toBe('Deferred, failed with AbortError: The call was cancelled, cancelled')
  const paused = succeed('text')
  paused.pause()
  paused.pause()
  expect(explained(paused)).toBe('Deferred, fulfilled with "text", paused 2 times')
})

test('explain shows what it waits for, recursively', () => {
  const innermost = new Deferred<string>()
  const middle = succeed().addCallback(() => innermost)
  const outer = succeed().addCallback(() => middle)
  outer.addCallback(parse)
  expect(explained(outer)).toBe(
    [
      'Deferred, fired, its chain waits',
      '  ┌─ callback ┬─ errback ┐',
      '  │ parse     │ –        │',
      '  └───────────┴──────────┘',
      'waits for',
      '  Deferred, fired, its chain waits',
      '    ┌─ callback ──────┬─ errback ───────┐',
      '    │ → whoever waits │ → whoever waits │',
      '    └─────────────────┴─────────────────┘',
      '  waits for',
      '    Deferred, pending',
      '      ┌─ callback ──────┬─ errback ───────┐',
      '      │ → whoever waits │ → whoever waits │',
      '      └─────────────────┴─────────────────┘',
    ].join('\n'),
  )
})

test('explain names a promise that is waited for, and a deferred that is chained', () => {
  const deferred = succeed().addCallback(() => new Promise(() => {}))
  deferred.chainDeferred(new Deferred())
  expect(explained(deferred)).toContain('→ chained deferred')
  expect(explained(deferred)).toMatch(/waits for\n {2}a promise$/)
})

test('explain of a coroutine shows that it is one', () => {
  const deferred = inlineCallbacks(function* () {
    yield* new Deferred()
  })()
  expect(explained(deferred)).toMatch(/^Deferred, a coroutine that waits\n[^]*waits for\n {2}Deferred, pending/)
})

test('explain ends where deferreds wait for each other in a ring, and after twenty', () => {
  const ring = Array.from({ length: 40 }, () => new Deferred<unknown>())
  ring.forEach((deferred, i) => deferred.addCallback(() => ring[(i + 1) % ring.length]))
  for (const deferred of ring) deferred.callback(0)
  expect(explained(ring[0] as Deferred<unknown>)).toMatch(/…$/)
})

test('finished pairs are not kept unless debugging', () => {
  const deferred = succeed('1').addCallback(parse)
  expect(explained(deferred)).toBe('Deferred, fulfilled with 1')
})

test('with debugging on, explain shows the pairs that have run with the path taken, and where all was done', () => {
  setDebug(true)
  const inner = new Deferred<number>()
  const deferred = new Deferred<string>()
  deferred
    .addCallback(function explode(): never {
      throw new Error('x')
    })
    .addCallbacks(parse, () => inner)
    .addBoth(log)
  deferred.callback('1')
  expect(explained(deferred)).toBe(
    [
      'Deferred, fired, its chain waits',
      '  made at …',
      '  fired at …',
      '  ┌─ callback ┬─ errback ─────┐',
      '  │ ● explode │   –           │  added at …',
      '  │   parse   │ ● (anonymous) │  added at …',
      '  ├───────────┼───────────────┤ ← here',
      '  │ log       │ log           │  added at …',
      '  └───────────┴───────────────┘',
      'waits for',
      '  Deferred, pending',
      '    made at …',
      '    ┌─ callback ──────┬─ errback ───────┐',
      '    │ → whoever waits │ → whoever waits │  added at …',
      '    └─────────────────┴─────────────────┘',
    ].join('\n'),
  )
  expect(deferred.explain()).toContain('explain.test.ts')
  expect(deferred.explain()).not.toContain('src/deferred')
})

test('with debugging on, explain of a coroutine shows each turn of it, and what is still to run after it', () => {
  setDebug(true)
  const inner = new Deferred<number>()
  const deferred = inlineCallbacks(function* () {
    yield* succeed(1)
    return yield* inner
  })()
  deferred.addCallback(log)
  const ladder = (): string[] => explained(deferred).split('\n').filter((line) => /^ {2}[│├]/.test(line))
  expect(ladder()).toEqual([
    '  │ ● coroutine │   coroutine │  added at …',
    '  │ ● coroutine │   coroutine │  added at …',
    '  ├─────────────┼─────────────┤ ← here',
    '  │ coroutine   │ coroutine   │  added at …',
    '  │ log         │ –           │  added at …',
  ])
  inner.errback('x')
  expect(ladder()).toEqual([
    '  │ ● coroutine │   coroutine │  added at …',
    '  │ ● coroutine │   coroutine │  added at …',
    '  │   coroutine │ ● coroutine │  added at …',
    '  │   log       │ ● –         │  added at …',
  ])
  deferred.addErrback(log)
})
