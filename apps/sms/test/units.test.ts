import { networkInterfaces } from 'node:os'
import { expect, test } from 'vitest'
import { localUrl, namesOf } from '../src/addresses.ts'
import { redact } from '../src/log.ts'
import { formatDuration, formatRate, parseRate } from '../src/units.ts'

test.each(['10/s', '30/min', '100/5s', '1000/h', '1/250ms', '1/90s', 'none'])('%s is written as it is read', (text) => {
  expect(formatRate(parseRate(text)!)).toBe(text)
})

test('a rate is written with the largest unit that fits', () => {
  expect(formatRate({ limit: 3, per: 60_000 })).toBe('3/min')
  expect(formatRate({ limit: 3, per: 120_000 })).toBe('3/2min')
})

test.each([[30_000, '30 s'], [1_500, '1.5 s'], [250, '250 ms'], [0, '0 ms']])('%i ms are %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text)
})

test('the service goes by the address listened on, localhost, and the name of its public address', () => {
  expect(namesOf('127.0.0.1', 3000, undefined)).toEqual(['localhost:3000', '127.0.0.1:3000'])
  expect(namesOf('::1', 80, new URL('https://sms.example.org'))).toEqual(['localhost:80', '[::1]:80', 'https://sms.example.org'])
  const addresses = Object.values(networkInterfaces()).flatMap((all) => all?.map(({ address }) => address) ?? [])
  for (const address of addresses.filter((each) => !each.includes(':'))) {
    expect(namesOf('0.0.0.0', 3000, undefined)).toContain(`${address}:3000`)
  }
  expect([localUrl('0.0.0.0', 3000), localUrl('::1', 3000)]).toEqual(['http://localhost:3000', 'http://[::1]:3000'])
})

test('phone numbers do not get into the log, however deep', () => {
  const error = { message: 'No +34612345678', stack: ['at +34612345678'], cause: { code: 7, detail: 'x+1201555012399' } }
  expect(JSON.stringify(redact(error))).not.toMatch(/\d{6}/)
  expect(redact(error)).toMatchObject({ message: 'No +…', cause: { code: 7 } })
})
