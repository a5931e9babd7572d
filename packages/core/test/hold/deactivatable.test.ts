import { CancelledError, deactivatable, Deferred, fail } from 'potoroo'
import { expect, test } from 'vitest'
import { failureOf, outcome } from '../deferred/outcome.ts'

test('left alone it passes the result on, and the original keeps it', () => {
  const original = new Deferred<number>()
  const passed = deactivatable(original)
  original.callback(1)
  passed.deactivate()
  expect([outcome(passed).value, outcome(original).value]).toEqual([1, 1])
  expect(failureOf(deactivatable(fail('no'))).value).toBe('no')
  expect(outcome(deactivatable(2)).value).toBe(2)
})

test('deactivated, it never fires, and the original goes on', () => {
  for (const firing of ['callback', 'errback'] as const) {
    const original = new Deferred<string>()
    const passed = deactivatable(original)
    passed.deactivate()
    passed.deactivate()
    original[firing]('x')
    expect(passed.called).toBe(false)
    const { value, error } = outcome(original)
    expect(value ?? error).toBe('x')
  }
})

test('a deactivated one can still be cancelled, and cancels the original', () => {
  const reasons: unknown[] = []
  const original = new Deferred<string>((_, reason) => reasons.push(reason))
  const passed = deactivatable(original)
  passed.deactivate()
  passed.cancel('enough')
  expect(failureOf(passed).value).toBeInstanceOf(CancelledError)
  expect(failureOf(original).value).toMatchObject({ cause: 'enough' })
  expect(reasons).toEqual(['enough'])
})

test('cancelling an active one cancels the original', () => {
  const original = new Deferred<string>()
  const passed = deactivatable(original)
  passed.cancel('enough')
  expect(failureOf(passed).value).toMatchObject({ code: 'ERR_CANCELLED', cause: 'enough' })
  expect(original.called).toBe(true)
})

test('fired by hand, it ignores the original', () => {
  const original = new Deferred<string>()
  const passed = deactivatable(original)
  passed.callback('mine')
  original.callback('theirs')
  expect(outcome(passed).value).toBe('mine')
})
