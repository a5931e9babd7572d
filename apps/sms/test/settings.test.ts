import { expect, test } from 'vitest'
import { readSettings, SettingsError } from '../src/settings.ts'

const carrier = {
  CARRIER_URL: 'https://api.carrier.example/base/',
  CARRIER_ACCOUNT: 'AC1',
  CARRIER_TOKEN: 's3cret',
  CARRIER_FROM: '+15005550006',
}

function problemsOf(env: Record<string, string>): readonly string[] {
  try {
    readSettings(env)
    return []
  } catch (error) {
    expect(error).toBeInstanceOf(SettingsError)
    return (error as SettingsError).problems
  }
}

test('everything has a default', () => {
  expect(readSettings({})).toMatchObject({
    port: 3000,
    host: '127.0.0.1',
    storePath: expect.stringMatching(/\/data\/sms\.db$/),
    carrier: undefined,
    simulation: { latency: 1000, failures: 0.05 },
    width: 5,
    rate: { limit: 10, per: 1000 },
    messagesRate: { limit: 30, per: 60_000 },
    publicUrl: undefined,
    trustProxy: false,
    adminToken: undefined,
    readToken: undefined,
    grace: 30_000,
    lease: 30_000,
  })
})

test('a variable that is set to nothing counts as not set', () => {
  expect(readSettings({ PORT: '', RATE: '', CARRIER_URL: '' })).toEqual(readSettings({}))
})

test.each([
  ['PORT', '0', { port: 0 }],
  ['PORT', '65535', { port: 65535 }],
  ['HOST', '0.0.0.0', { host: '0.0.0.0' }],
  ['HOST', '::1', { host: '::1' }],
  ['HOST', '[::1]', { host: '::1' }],
  ['HOST', 'sms-1.internal', { host: 'sms-1.internal' }],
  ['POTOROO_STORE', '/srv/sms/jobs.db', { storePath: '/srv/sms/jobs.db' }],
  ['WIDTH', '0', { width: 0 }],
  ['WIDTH', '200', { width: 200 }],
  ['RATE', '10/s', { rate: { limit: 10, per: 1000 } }],
  ['RATE', '30/min', { rate: { limit: 30, per: 60_000 } }],
  ['RATE', '100/5s', { rate: { limit: 100, per: 5000 } }],
  ['RATE', '1000/h', { rate: { limit: 1000, per: 3_600_000 } }],
  ['RATE', '1/250ms', { rate: { limit: 1, per: 250 } }],
  ['RATE', 'none', { rate: null }],
  ['MESSAGES_RATE', 'none', { messagesRate: null }],
  ['PUBLIC_URL', 'https://sms.example.org/', { publicUrl: new URL('https://sms.example.org') }],
  ['TRUST_PROXY', '1', { trustProxy: true }],
  ['TRUST_PROXY', '0', { trustProxy: false }],
  ['POTOROO_ADMIN_TOKEN', 'let-me-in', { adminToken: 'let-me-in' }],
  ['GRACE', '1.5s', { grace: 1500 }],
  ['GRACE', '0', { grace: 0 }],
  ['CARRIER_LATENCY', '20ms', { simulation: { latency: 20, failures: 0.05 } }],
  ['CARRIER_FAILURES', '0', { simulation: { latency: 1000, failures: 0 } }],
  ['CARRIER_FAILURES', '.5', { simulation: { latency: 1000, failures: 0.5 } }],
])('%s may be %j', (name, value, expected) => {
  expect(readSettings({ [name]: value })).toMatchObject(expected)
})

test.each([
  ['PORT', ['http', '-1', '65536', '80.5', '1e3', ' ']],
  ['HOST', ['http://localhost', 'localhost:80', '-x', 'a b', '300.1.1.1:']],
  ['POTOROO_STORE', ['postgres://', 'postgres:db', 'mysql://host', ':memory:', 'data/']],
  ['CARRIER_URL', ['carrier.example', 'ftp://carrier.example', 'https://user:pw@carrier.example', 'https://c.example/?x=1']],
  ['WIDTH', ['-1', '1.5', 'many', 'Infinity', '1000001', '0x10']],
  ['RATE', ['10', '10/', '10/d', '0/s', '1.5/s', '-1/s', '10/0s', '10 per second', '10/25h', 'toString']],
  ['MESSAGES_RATE', ['0/min', 'unlimited']],
  ['PUBLIC_URL', ['sms.example.org', 'https://sms.example.org/app', 'https://x.example/?q']],
  ['TRUST_PROXY', ['yes', 'true', '2', 'constructor']],
  ['POTOROO_ADMIN_TOKEN', ['two words', 'línea', 'x'.repeat(513)]],
  ['POTOROO_READ_TOKEN', ['a b']],
  ['GRACE', ['30', '-1s', '1d', 'soon']],
  ['LEASE', ['30', '4999ms', 'none']],
  ['CARRIER_LATENCY', ['1', 'fast']],
  ['CARRIER_FAILURES', ['1.1', '-0.1', '5%']],
])('%s is refused with what is expected instead', (name, values) => {
  for (const value of values) {
    const problems = problemsOf({ [name]: value })
    expect(problems, value).toHaveLength(1)
    expect(problems[0]).toMatch(new RegExp(`^${name}: expected`))
  }
})

test('every wrong setting is named at once', () => {
  const problems = problemsOf({ PORT: 'x', WIDTH: '-1', RATE: 'fast', TRUST_PROXY: 'yes' })
  expect(problems.map((problem) => problem.split(':')[0])).toEqual(['PORT', 'WIDTH', 'RATE', 'TRUST_PROXY'])
  expect(problems.find((problem) => problem.startsWith('WIDTH'))).toContain('not "-1"')
})

test('a PostgreSQL database is named by its URL; the admin token is then kept in the data folder', () => {
  for (const url of ['postgres://me:hunter2@db.example:5433/sms', 'postgresql://localhost/sms']) {
    expect(readSettings({ POTOROO_STORE: url })).toMatchObject({ databaseUrl: url, storePath: expect.stringMatching(/\/data\/sms$/) })
  }
  expect(readSettings({}).databaseUrl).toBeUndefined()
})

test('no secret is repeated, not even a wrong one', () => {
  const problems = problemsOf({
    POTOROO_ADMIN_TOKEN: 'hunter2 hunter2',
    CARRIER_TOKEN: 'hunter2 x',
    CARRIER_URL: 'https://me:hunter2@carrier.example',
    POTOROO_STORE: 'postgres://me:hunter2@',
  })
  expect(problems).toHaveLength(4)
  expect(problems.join()).not.toContain('hunter2')
})

test('a carrier elsewhere wants an account, one on this machine may want none', () => {
  expect(readSettings(carrier).carrier).toEqual({
    url: new URL('https://api.carrier.example/base/'),
    account: 'AC1',
    token: 's3cret',
    from: '+15005550006',
  })
  expect(problemsOf({ CARRIER_URL: carrier.CARRIER_URL }).map((problem) => problem.split(':')[0])).toEqual([
    'CARRIER_ACCOUNT',
    'CARRIER_TOKEN',
    'CARRIER_FROM',
  ])
  for (const url of ['http://127.0.0.1:4000', 'http://localhost:4000', 'http://[::1]:4000']) {
    expect(readSettings({ CARRIER_URL: url }).carrier?.url).toEqual(new URL(url))
  }
})

test('the two tokens must not be the same', () => {
  expect(problemsOf({ POTOROO_ADMIN_TOKEN: 'same', POTOROO_READ_TOKEN: 'same' })).toEqual([
    'POTOROO_READ_TOKEN: must not be the admin token',
  ])
})
