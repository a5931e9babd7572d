import { expect, test } from 'vitest'
import { ManualClock } from 'potoroo'
import { AddressLimits } from '../src/address-limits.ts'
import { clientAddress } from '../src/client-address.ts'

test('each address has its own rate', () => {
  const clock = new ManualClock(1_000_000)
  const limits = new AddressLimits({ limit: 2, per: 1_000 }, clock)
  expect([limits.take('a'), limits.take('a'), limits.take('b')]).toEqual([0, 0, 0])
  clock.advance(300)
  expect(limits.take('a')).toBe(700)
  expect(limits.take('b')).toBe(0)
  clock.advance(700)
  expect(limits.take('a')).toBe(0)
})

test('an address that has been quiet is forgotten', () => {
  const clock = new ManualClock()
  const limits = new AddressLimits({ limit: 1, per: 1_000 }, clock)
  for (let i = 0; i < 50; i++) limits.take(`10.0.0.${i}`)
  expect(limits.size).toBe(50)
  clock.advance(1_001)
  limits.take('10.0.1.1')
  expect(limits.size).toBe(1)
})

test('an IPv6 network counts as one address', () => {
  const limits = new AddressLimits({ limit: 1, per: 1_000 }, new ManualClock())
  expect(limits.take('2001:db8:0:1::1')).toBe(0)
  expect(limits.take('2001:0db8:0000:0001:ffff::2')).toBeGreaterThan(0)
  expect(limits.take('2001:db8:0:2::1')).toBe(0)
  expect(limits.take('2001:db8:0:2::1%eth0')).toBeGreaterThan(0)
})

test('an IPv4 address counts as itself, also where a listener for both kinds spells it as IPv6', () => {
  const limits = new AddressLimits({ limit: 1, per: 1_000 }, new ManualClock())
  expect(limits.take('::ffff:192.0.2.1')).toBe(0)
  expect(limits.take('::ffff:192.0.2.2')).toBe(0)
  expect(limits.take('192.0.2.1')).toBeGreaterThan(0)
})

test.each([
  ['no proxy is trusted', '203.0.113.9', false, '127.0.0.1'],
  ['the proxy has seen it', '203.0.113.9', true, '203.0.113.9'],
  ['the client claims others', '1.1.1.1, 2.2.2.2,203.0.113.9', true, '203.0.113.9'],
  ['there is no header', undefined, true, '127.0.0.1'],
  ['it is no address', 'unknown', true, '127.0.0.1'],
])('the sender is told apart when %s', (_, header, trusted, address) => {
  expect(clientAddress(header, '127.0.0.1', trusted)).toBe(address)
})
