import { Deferred, FailureGroup } from 'potoroo'
import { expect, test } from 'vitest'
import { avatar, type Layer } from '../../../../examples/avatar.ts'
import { outcome } from '../deferred/outcome.ts'

const answers = { callback: (one: Deferred<string>, i: number) => one.callback(`from ${i}`), errback: (one: Deferred<string>, i: number) => one.errback(`none in ${i}`) }

/** Three layers; what is put into each is noted. */
function layers() {
  const calls = [0, 1, 2].map(() => new Deferred<string>())
  const put: string[] = []
  const all: Layer[] = calls.map((call, i) => ({ get: () => call, put: (user, picture) => put.push(`${user}: ${picture}, into ${i}`) }))
  const answer = (i: number, how: keyof typeof answers): void => answers[how](calls[i] as Deferred<string>, i)
  return { all, put, answer }
}

test('all layers are asked at once, and the first answer wins', () => {
  const { all, put, answer } = layers()
  const seen = outcome(avatar('ada', all))
  answer(1, 'callback')
  expect(seen.value).toBe('from 1')
  answer(0, 'callback')
  answer(2, 'callback')
  expect(put).toEqual([])
})

test('a faster layer that missed is filled from the slower one’s answer, whichever fires first', () => {
  const { all, put, answer } = layers()
  const seen = outcome(avatar('ada', all))
  answer(0, 'errback')
  answer(2, 'callback')
  expect(seen.value).toBe('from 2')
  expect(put).toEqual(['ada: from 2, into 0'])
  answer(1, 'errback')
  expect(put).toEqual(['ada: from 2, into 0', 'ada: from 2, into 1'])
})

test('a slower layer that fails is not filled', () => {
  const { all, put, answer } = layers()
  outcome(avatar('ada', all))
  answer(0, 'callback')
  answer(1, 'errback')
  answer(2, 'errback')
  expect(put).toEqual([])
})

test('it is an error only if all fail, those that throw too', () => {
  const { all, put, answer } = layers()
  const thrower: Layer = {
    get() {
      throw new Error('thrown')
    },
  }
  const seen = outcome(avatar('ada', [...all, thrower]))
  for (const i of [2, 0, 1]) answer(i, 'errback')
  expect(seen.error).toBeInstanceOf(FailureGroup)
  expect((seen.error as FailureGroup).failures.map(({ value }) => value)).toEqual(['none in 0', 'none in 1', 'none in 2', new Error('thrown')])
  expect(put).toEqual([])
})

test('the example is short', async () => {
  const { readFileSync } = await import('node:fs')
  expect(readFileSync(new URL('../../../../examples/avatar.ts', import.meta.url), 'utf8').trim().split('\n').length).toBeLessThanOrEqual(30)
})
