import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { z } from 'zod'
import type { Rate } from '@potoroo/queue'
import { parseDuration, parseRate } from './units.ts'

/** What a person running the service decides, taken from the environment. See the table in the README. */
export interface Settings {
  readonly port: number
  readonly host: string
  /** The absolute path of the data file; with a database, of what is kept beside it: the admin token. */
  readonly storePath: string
  /** `postgres://…`, if the messages are kept there. */
  readonly databaseUrl: string | undefined
  /** Undefined: a simulated one. */
  readonly carrier: CarrierSettings | undefined
  readonly simulation: { readonly latency: number; readonly failures: number }
  readonly width: number
  readonly rate: Rate | null
  /** For each address; null for no limit. */
  readonly messagesRate: Rate | null
  readonly publicUrl: URL | undefined
  readonly trustProxy: boolean
  readonly adminToken: string | undefined
  readonly readToken: string | undefined
  /** Milliseconds that what is underway gets when the service stops. */
  readonly grace: number
  /** Milliseconds after which the messages of a service that is silent are given to others. */
  readonly lease: number
}

/** All are there unless the carrier is on this machine: such a one may want none of them. */
export interface CarrierSettings {
  readonly url: URL
  readonly account: string | undefined
  readonly token: string | undefined
  readonly from: string | undefined
}

/** Some settings are wrong: each problem is one line that names the setting and what is expected. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError'
  readonly problems: readonly string[]
  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}

/** Secrets are never repeated in a message, not even wrong ones. */
const SECRET = new Set(['CARRIER_TOKEN', 'POTOROO_ADMIN_TOKEN', 'POTOROO_READ_TOKEN', 'CARRIER_URL', 'POTOROO_STORE'])

const wholeNumber = (most: number, expected: string) =>
  parsed((text) => (/^\d{1,15}$/.test(text) && Number(text) <= most ? Number(text) : undefined), expected)

const rate = (example: string) =>
  parsed(parseRate, `a number of starts per time, such as ${example}, 30/min, 100/5s or 1000/h, or none for no limit`)

const duration = (example: string) => parsed(parseDuration, `a time such as ${example}, 500ms or 2min`)

const token = parsed(
  (text) => (/^[\x21-\x7e]{1,512}$/.test(text) ? text : undefined),
  'letters, digits and signs without spaces, 512 at most',
)

const Environment = z.object({
  PORT: wholeNumber(65_535, 'a port from 0 (any that is free) to 65535').default(3_000),
  HOST: parsed(hostName, 'an address to listen on, such as 127.0.0.1, or a name, with neither scheme nor port').default(
    '127.0.0.1',
  ),
  POTOROO_STORE: z.string().default('data/sms.db').superRefine((path, { addIssue }) => {
    if (isPostgres(path)) {
      if (!URL.parse(path)?.hostname) addIssue('expected postgres://user:password@host:5432/database, or the path of a file')
    } else if (/^[a-z]{2,}:\/\//i.test(path)) addIssue('expected the path of a file, or postgres://…')
    else if (path === ':memory:' || /[/\\]$/.test(path)) addIssue('expected the path of a file, to keep the messages in')
  }),
  CARRIER_URL: parsed(baseUrl, 'an http or https URL, without user, query or fragment').optional(),
  CARRIER_ACCOUNT: token.optional(),
  CARRIER_TOKEN: token.optional(),
  CARRIER_FROM: parsed(
    (text) => (/^[\x20-\x7e]{1,64}$/.test(text) ? text : undefined),
    'the number or name that messages come from',
  ).optional(),
  CARRIER_LATENCY: duration('1s').default(1_000),
  CARRIER_FAILURES: parsed((text) => {
    const share = /^\d*\.?\d+$/.test(text) ? Number(text) : NaN
    return share >= 0 && share <= 1 ? share : undefined
  }, 'a share from 0 to 1, such as 0.05').default(0.05),
  WIDTH: wholeNumber(1_000_000, 'a whole number from 0 to 1000000').default(5),
  RATE: rate('10/s').default({ limit: 10, per: 1_000 }),
  MESSAGES_RATE: rate('30/min').default({ limit: 30, per: 60_000 }),
  PUBLIC_URL: parsed((text) => {
    const url = baseUrl(text)
    return url?.pathname === '/' ? url : undefined
  }, 'where the service is reached from outside, such as https://sms.example.org, with no path').optional(),
  TRUST_PROXY: parsed(
    (text) => (text === '1' ? true : text === '0' ? false : undefined),
    '1 behind a proxy that sets X-Forwarded-For, else 0',
  ).default(false),
  POTOROO_ADMIN_TOKEN: token.optional(),
  POTOROO_READ_TOKEN: token.optional(),
  GRACE: duration('30s').default(30_000),
  LEASE: parsed((text) => {
    const lease = parseDuration(text)
    return lease !== undefined && lease >= 5_000 ? lease : undefined
  }, 'a time such as 30s, 5s at least').default(30_000),
})

/**
 * Reads the settings. A variable that is set to nothing counts as not set.
 *
 * @throws SettingsError with every wrong one
 */
export function readSettings(env: Readonly<Record<string, string | undefined>>): Settings {
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''))
  const result = Environment.safeParse(set)
  const problems = result.success ? contradictions(result.data) : result.error.issues.map((issue) => describe(issue, set))
  if (!result.success || problems.length > 0) throw new SettingsError(problems)
  const given = result.data
  return {
    port: given.PORT,
    host: given.HOST,
    storePath: resolve(isPostgres(given.POTOROO_STORE) ? 'data/sms' : given.POTOROO_STORE),
    databaseUrl: isPostgres(given.POTOROO_STORE) ? given.POTOROO_STORE : undefined,
    carrier: given.CARRIER_URL && {
      url: given.CARRIER_URL,
      account: given.CARRIER_ACCOUNT,
      token: given.CARRIER_TOKEN,
      from: given.CARRIER_FROM,
    },
    simulation: { latency: given.CARRIER_LATENCY, failures: given.CARRIER_FAILURES },
    width: given.WIDTH,
    rate: given.RATE,
    messagesRate: given.MESSAGES_RATE,
    publicUrl: given.PUBLIC_URL,
    trustProxy: given.TRUST_PROXY,
    adminToken: given.POTOROO_ADMIN_TOKEN,
    readToken: given.POTOROO_READ_TOKEN,
    grace: given.GRACE,
    lease: given.LEASE,
  }
}

/** What is wrong with settings that are each right. */
function contradictions(given: z.infer<typeof Environment>): string[] {
  const problems: string[] = []
  if (given.CARRIER_URL !== undefined && !isThisMachine(given.CARRIER_URL)) {
    for (const name of ['CARRIER_ACCOUNT', 'CARRIER_TOKEN', 'CARRIER_FROM'] as const) {
      if (given[name] === undefined) problems.push(`${name}: needed with this CARRIER_URL; it is part of your account there`)
    }
  }
  if (given.POTOROO_READ_TOKEN !== undefined && given.POTOROO_READ_TOKEN === given.POTOROO_ADMIN_TOKEN) {
    problems.push('POTOROO_READ_TOKEN: must not be the admin token')
  }
  return problems
}

function describe(issue: z.core.$ZodIssue, env: Record<string, string | undefined>): string {
  const name = String(issue.path[0])
  const value = env[name] === undefined || SECRET.has(name) ? '' : `, not ${JSON.stringify(env[name])}`
  return `${name}: ${issue.message}${value}`
}

/** A setting read by `parse`, which gives undefined for what it cannot read. */
function parsed<T>(parse: (text: string) => T | undefined, expected: string) {
  return z.string().transform((text, context) => {
    const value = parse(text.trim())
    if (value !== undefined) return value
    context.addIssue(`expected ${expected}`)
    return z.NEVER
  })
}

function isPostgres(store: string): boolean {
  return /^postgres(ql)?:/.test(store)
}

function hostName(text: string): string | undefined {
  const bare = text.replace(/^\[(.*)\]$/, '$1')
  return isIP(bare) !== 0 || /^[a-z\d]([a-z\d-]*[a-z\d])?(\.[a-z\d]([a-z\d-]*[a-z\d])?)*$/i.test(bare) ? bare : undefined
}

function baseUrl(text: string): URL | undefined {
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol)) return undefined
  return url.username || url.password || url.search || url.hash ? undefined : url
}

/** A carrier on this machine is a stand-in or a gateway: it may well want no account. */
function isThisMachine(url: URL): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname)
}
