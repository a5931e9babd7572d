import { CancelledError, fromNodeCallback } from 'potoroo'
import { readFile } from 'node:fs'
import { expect, test } from 'vitest'
import { failureOf, outcome } from './outcome.ts'

type Done = (error: Error | null | undefined, value: number) => void

test('fromNodeCallback fires with the value', () => {
  expect(outcome(fromNodeCallback((a: number, b: number, done: Done) => done(null, a + b), 1, 2)).value).toBe(3)
  expect(outcome(fromNodeCallback((done: Done) => done(undefined, 1))).value).toBe(1)
})

test('fromNodeCallback fails with the error, or with what the function throws at once', () => {
  const error = new Error('x')
  expect(failureOf(fromNodeCallback((done: Done) => done(error, 0))).value).toBe(error)
  const throws = (done: Done): void => {
    if (done.length > 0) throw error
  }
  expect(failureOf(fromNodeCallback(throws)).value).toBe(error)
})

test('a function that calls back twice, or after it was cancelled, is ignored then', () => {
  const twice = fromNodeCallback((done: Done) => {
    done(null, 1)
    done(null, 2)
    done(new Error('x'), 3)
  })
  expect(outcome(twice).value).toBe(1)
  let later!: Done
  const cancelled = fromNodeCallback((done: Done) => {
    later = done
  })
  cancelled.cancel()
  later(null, 1)
  later(null, 2)
  expect(failureOf(cancelled).value).toBeInstanceOf(CancelledError)
})

test('it takes the functions of Node as they are', async () => {
  const text = await fromNodeCallback(readFile, new URL(import.meta.url).pathname)
  expect(text.length).toBeGreaterThan(100)
})
