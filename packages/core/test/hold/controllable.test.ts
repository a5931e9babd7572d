import fc from 'fast-check'
import { CancelledError, ControllableDeferred, Deferred, fail, Failure, succeed } from 'potoroo'
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

test('whoever comes first counts, and the original is cancelled once at most', () => {
  const doings = ['callback', 'errback', 'cancel', 'original callback', 'original errback', 'original cancel'] as const
  const program = fc.record({
    steps: fc.array(fc.constantFrom(...doings), { maxLength: 6 }),
    canceller: fc.constantFrom('none', 'nothing', 'gives a value', 'throws'),
  })
  fc.assert(
    fc.property(program, ({ steps, canceller }) => {
      let cancels = 0
      const stop = (self: Deferred<string>): void => {
        cancels++
        if (canceller === 'gives a value') self.callback('partial')
        if (canceller === 'throws') throw new Error('cannot stop')
      }
      const original = new Deferred<string>(canceller === 'none' ? undefined : stop)
      original.addErrback((failure) => failure)
      const controlled = new ControllableDeferred(original)
      const seen: unknown[] = []
      controlled.addBoth((result) => {
        seen.push(result instanceof Failure ? nameOf(result.value) : result)
      })
      let expected: unknown
      for (const [i, step] of steps.entries()) {
        const byHand = `${step} ${i}`
        if (step === 'callback' || step === 'errback') controlled[step](byHand)
        else if (step === 'cancel') controlled.cancel()
        else if (step === 'original cancel') original.cancel()
        else if (!original.called) original[step === 'original callback' ? 'callback' : 'errback'](byHand)
        if (expected === undefined && (step === 'cancel' || step === 'original cancel')) {
          expected = canceller === 'gives a value' ? 'partial' : canceller === 'throws' ? 'cannot stop' : 'ERR_CANCELLED'
        }
        expected ??= byHand
        expect([seen, controlled.called, original.called]).toEqual([[expected], true, true])
        expect(cancels).toBeLessThanOrEqual(1)
      }
      original.addErrback(() => '')
    }),
    { numRuns: 500 },
  )
})

function nameOf(value: unknown): unknown {
  return value instanceof CancelledError ? value.code : value instanceof Error ? value.message : value
}

test('an original that cannot be cancelled, and comes to its result late, is ignored', () => {
  const original = new Deferred<string>()
  original.pause()
  const controlled = new ControllableDeferred(original)
  controlled.callback('mine')
  original.unpause()
  expect(outcome(controlled).value).toBe('mine')
  failureOf(original)
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

test('cancelled once it has fired, it is as it was; but what its own callbacks wait for is cancelled like that of any deferred', () => {
  const inner = new Deferred<string>()
  const controlled = new ControllableDeferred(new Deferred<number>())
  const after = controlled.addCallback(() => inner)
  controlled.callback(1)
  controlled.cancel('enough')
  expect(failureOf(after).value).toMatchObject({ cause: 'enough' })
})
