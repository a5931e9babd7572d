import fc from 'fast-check'
import { backoff } from 'potoroo'
import { expect, test } from 'vitest'
import { thrownBy } from '../deferred/outcome.ts'

test('by default: 0, 10 ms, then doubling, ten in all', () => {
  expect([...backoff()]).toEqual([0, 10, 20, 40, 80, 160, 320, 640, 1_280, 2_560])
})

test('no delay is above maxDelay', () => {
  expect(Math.max(...backoff({ tries: 30 }))).toBe(120_000)
  expect([...backoff({ tries: 5, maxDelay: 25 })]).toEqual([0, 10, 20, 25, 25])
})

test('the first delay may be a real one, and the next any function of the one before', () => {
  expect([...backoff({ now: false, tries: 3, initialDelay: 5, next: (delay) => delay + 1 })]).toEqual([5, 6, 7])
})

test('every iteration starts afresh', () => {
  const delays = backoff({ tries: 3, jitter: 'decorrelated', random: () => 0.5 })
  expect([...delays]).toEqual([...delays])
})

test('there may be none, or no end of them', () => {
  expect([...backoff({ tries: 0 })]).toEqual([])
  let count = 0
  for (const _ of backoff({ tries: Infinity })) if (++count === 1_000) break
  expect(count).toBe(1_000)
})

test('full jitter is any delay up to the one due', () => {
  expect([...backoff({ tries: 4, jitter: 'full', random: () => 0.5 })]).toEqual([0, 5, 10, 20])
})

test('decorrelated jitter is between the initial delay and three times the one before', () => {
  expect([...backoff({ tries: 4, jitter: 'decorrelated', random: () => 0.5 })]).toEqual([0, 10, 20, 35])
  expect([...backoff({ tries: 4, jitter: 'decorrelated', random: () => 0 })]).toEqual([0, 10, 10, 10])
})

test('whatever the jitter, delays are times, and none is above maxDelay', () => {
  const options = fc.record({
    tries: fc.nat(20),
    maxDelay: fc.nat(1_000),
    initialDelay: fc.nat(2_000),
    now: fc.boolean(),
    jitter: fc.constantFrom('full' as const, 'decorrelated' as const),
  })
  fc.assert(
    fc.property(options, (options) => {
      const delays = [...backoff(options)]
      expect(delays.length).toBe(options.tries)
      for (const delay of delays) expect(delay >= 0 && delay <= options.maxDelay).toBe(true)
    }),
  )
})

test('counts, times and jitters that are none are ERR_INVALID_BACKOFF', () => {
  const jitter = 'equal' as 'full'
  for (const wrong of [{ tries: -1 }, { tries: 1.5 }, { tries: NaN }, { maxDelay: -1 }, { initialDelay: NaN }, { jitter }]) {
    expect(thrownBy(() => backoff(wrong))).toMatchObject({ name: 'RangeError', code: 'ERR_INVALID_BACKOFF' })
  }
})
