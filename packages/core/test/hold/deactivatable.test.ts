import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { CancelledError, deactivatable, Deferred, fail, setUnhandledFailureHandler } from 'potoroo'
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

test('what the original’s canceller fires it with is passed on by an active one only', () => {
  const giving = (): Deferred<string> => new Deferred<string>((self) => self.callback('partial'))
  const active = deactivatable(giving())
  active.cancel()
  expect(outcome(active).value).toBe('partial')
  const original = giving()
  const passive = deactivatable(original)
  passive.deactivate()
  passive.cancel('enough')
  expect(failureOf(passive).value).toMatchObject({ code: 'ERR_CANCELLED', cause: 'enough' })
  expect(outcome(original).value).toBe('partial')
})

test('an original that lives long does not collect what was deactivated', () => {
  const original = new Deferred<string>()
  for (let i = 0; i < 1_000; i++) deactivatable(original).deactivate()
  const drawn = original.explain().split('\n').length
  // What was taken out is swept now and then.
  expect(drawn).toBeLessThan(40)
  original.callback('x')
})

test('a failure is the original’s own again once it is deactivated: nobody else will tell of it', async () => {
  const reported: unknown[] = []
  const before = setUnhandledFailureHandler(({ value }) => reported.push(value))
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  const fails = (deactivated: boolean, reason: string): void => {
    const original = new Deferred<string>()
    const passed = deactivatable(original)
    if (deactivated) passed.deactivate()
    passed.addErrback(() => {})
    original.errback(reason)
  }
  fails(true, 'nobody’s')
  fails(false, 'taken')
  await expect.poll(() => (gc(), reported)).toEqual(['nobody’s'])
  setUnhandledFailureHandler(before)
})

test('fired by hand, it ignores the original', () => {
  const original = new Deferred<string>()
  const passed = deactivatable(original)
  passed.callback('mine')
  original.callback('theirs')
  expect(outcome(passed).value).toBe('mine')
})
