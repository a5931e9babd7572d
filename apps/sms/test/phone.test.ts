import { expect, test } from 'vitest'
import { normalizeNumber } from '../src/phone.ts'

test.each([
  ['+34 612 345 678', '+34612345678'],
  [' +34-612-34-56-78 ', '+34612345678'],
  ['+44 (0)20 7946 0958', '+442079460958'],
  ['\u202a+1 201-555-0123\u202c', '+12015550123'],
  ['+１ ２０１ ５５５ ０１２３', '+12015550123'],
])('%j is %s', (input, number) => {
  expect(normalizeNumber(input)).toBe(number)
})

test.each([
  ['612 345 678', /country code/],
  ['0034612345678', /country code/],
  ['hello', /not a phone number/],
  ['', /not a phone number/],
  ['+', /not a phone number|country code/],
  ['+34 612', /too short|no such/],
  ['+34 612 345 678 901 234', /too long|no such/],
  ['+999 123 456 789', /country code/],
  ['+1 201 555', /no such|too short/],
  ['+1 213 373 4253 ext. 5', /extension/],
  ['+34612345678\n+34612345679', /./],
  ["+34612345678'; DROP TABLE jobs", /./],
  ['9'.repeat(300), /./],
])('%j is refused', (input, words) => {
  expect(normalizeNumber(input)).toEqual({ problem: expect.stringMatching(words) })
})
