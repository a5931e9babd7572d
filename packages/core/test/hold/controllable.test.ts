import { CancelledError, ControllableDeferred, Deferred, fail, succeed } from 'potoroo'
import { expect, test } from 'vitest'
import { failureOf, outcome } from '../deferred/outcome.ts'

test('left alone, it fires with what the original fires with, which keeps its result', () => {
  const original = new Deferred<number>()
  const controlled = new ControllableDeferred(original)
  expect(controlled.called).toBe(false)
  original.callback(1)
  expect(outcome(controlled).value).toBe(1)
  expect(outcome(original).value).toBe(1)
})

test('a failure of the original is passed on as it is', () => {
  const original = new Deferred<number>()
  const controlled = new ControllableDeferred(original)
  original.errback('broken')
  expect(failureOf(controlled)).toBe(failureOf(original))
})

test('calling it back or failing it cancels the original, whose canceller’s doings are ignored', () => {
  for (const firing of ['callback', 'errback'] as const) {
    let cancels = 0
    const original = new Deferred<string>((self) => {
      cancels++
      self.callback('partial')
    })
    const controlled = new ControllableDeferred(original)
    controlled[firing]('mine')
    const { value, error } = outcome(controlled)
    expect([value ?? error, cancels]).toEqual(['mine', 1])
  }
})

test('cancelling it cancels the original, with the reason', () => {
  const reasons: unknown[] = []
  const original = new Deferred<string>((_, reason) => reasons.push(reason))
  const controlled = new ControllableDeferred(original)
  controlled.cancel('enough')
  expect(reasons).toEqual(['enough'])
  const { value } = failureOf(controlled)
  expect(value).toBeInstanceOf(CancelledError)
  expect(value).toMatchObject({ cause: 'enough' })
})

test('an original that comes up with a value when it is cancelled gives it that value', () => {
  const controlled = new ControllableDeferred(new Deferred<string>((self) => self.callback('partial')))
  controlled.cancel()
  expect(outcome(controlled).value).toBe('partial')
})

test('once fired, firing and cancelling it are ignored, and so is what the original does', () => {
  const original = new Deferred<string>(() => {})
  const controlled = new ControllableDeferred(original)
  const seen: unknown[] = []
  controlled.addBoth((result) => {
    seen.push(result)
    return result
  })
  controlled.callback('first')
  controlled.callback('second')
  controlled.errback('third')
  controlled.cancel()
  expect(seen).toEqual(['first'])
  expect(outcome(controlled).value).toBe('first')
})

test('it takes promises, thenables and plain values too', async () => {
  expect(await new ControllableDeferred(Promise.resolve(1))).toBe(1)
  expect(outcome(new ControllableDeferred(2)).value).toBe(2)
  expect(outcome(new ControllableDeferred(succeed(3))).value).toBe(3)
  expect(failureOf(new ControllableDeferred(fail('no'))).value).toBe('no')
  const ignored = new ControllableDeferred(Promise.reject(new Error('late')))
  ignored.callback(undefined as never)
  await Promise.resolve()
  expect(ignored.called).toBe(true)
})

test('what its own callbacks wait for is cancelled like that of any deferred', () => {
  const inner = new Deferred<string>()
  const controlled = new ControllableDeferred(new Deferred<number>())
  const after = controlled.addCallback(() => inner)
  controlled.callback(1)
  controlled.cancel('enough')
  expect(failureOf(after).value).toMatchObject({ cause: 'enough' })
})
