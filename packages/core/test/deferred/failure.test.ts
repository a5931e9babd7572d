import { fail, Failure } from 'potoroo'
import { expect, test } from 'vitest'
import { failureOf, outcome, thrownBy } from './outcome.ts'

test('check gives the first type that matches, or undefined', () => {
  const failure = new Failure(new RangeError('x'))
  expect(failure.check(TypeError, RangeError, Error)).toBe(RangeError)
  expect(failure.check(TypeError)).toBe(undefined)
  expect(failure.check()).toBe(undefined)
  expect(new Failure('text').check(Error)).toBe(undefined)
})

test('trap gives the matching type, or throws the Failure itself', () => {
  const failure = new Failure(new RangeError('x'))
  expect(failure.trap(RangeError)).toBe(RangeError)
  expect(thrownBy(() => failure.trap(TypeError))).toBe(failure)
})

test('a failure that is not trapped goes on down the chain', () => {
  const error = new RangeError('x')
  const deferred = fail(error)
    .addErrback((failure) => failure.trap(TypeError))
    .addErrback((failure) => [failure.trap(RangeError), failure.value])
  expect(outcome(deferred).value).toEqual([RangeError, error])
})

test('a Failure names what is in it, whatever that is', () => {
  expect(String(new Failure(new Error('x')))).toBe('[Failure: Error: x]')
  expect(String(new Failure('text'))).toBe('[Failure: "text"]')
  expect(String(new Failure(Object.create(null)))).toBe('[Failure: [object Object]]')
})

test('the value of a failure is always the same error', () => {
  const failure = failureOf(fail(new Error('x')))
  expect(failure.value).toBe(failure.value)
})
