import { mkdtempSync, rmSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as protocol from '@potoroo/protocol'
import * as durable from '@potoroo/queue'
import * as http from '@potoroo/server'
import * as sqlite from '@potoroo/sqlite'
import * as suite from '@potoroo/store-tests'
import fc from 'fast-check'
import * as potoroo from 'potoroo'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { docstringExamples, pageExamples, withChecks } from '../packages/core/test/docs/examples.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const home = process.cwd()
const folder = mkdtempSync(join(tmpdir(), 'potoroo-examples-'))
const token = 'the-admin-token'

/** What examples take as given: a queue that somebody works on, and a server in front of it. */
const given: Record<string, unknown> = { token, adminToken: token, fc }
let end: () => Promise<void>

beforeAll(async () => {
  process.chdir(folder)
  const queue = await durable.openQueue({ name: 'sms', store: durable.memoryStore(), handler: () => 'sent' })
  const server = http.createServer({ queues: [queue], adminToken: token, hosts: ['localhost:3000'] })
  const fetch: typeof globalThis.fetch = (input, init) => server.fetch(new Request(input, init))
  Object.assign(given, { queue, fetch, createClient: (options: protocol.ClientOptions) => protocol.createClient({ fetch, ...options }) })
  end = async () => {
    server.close()
    await queue.stop()
  }
})
afterAll(async () => {
  await end()
  process.chdir(home)
  rmSync(folder, { recursive: true })
})

// Pages that are of the core alone are run by its own tests, and what needs a PostgreSQL server by those of its store.
const pages = [...pageExamples(root, 'docs/guides'), ...pageExamples(root, 'docs/reference')].filter(
  ({ code }) => /from '@potoroo\//.test(code) && !code.includes("from '@potoroo/postgres'"),
)

const examples = ['queue', 'sqlite', 'protocol', 'server', 'store-tests']
  .flatMap((name) => docstringExamples(root, `packages/${name}/src`))
  // A test file as it is written with the suite: packages/queue/test/memory-store.test.ts is one that runs.
  .filter(({ code }) => !code.includes("from 'vitest'"))
  .concat(pages)

test('there are examples in the docstrings of every package, and in pages', () => {
  expect(examples.length - pages.length).toBeGreaterThan(5)
  expect(pages.length).toBeGreaterThan(0)
})

test.each(examples.map(({ title, code }) => [title, code] as const))('the example at %s runs, and does what it says', async (_, code) => {
  const same = (actual: unknown, stated: unknown): void => expect(actual).toEqual(stated)
  const scope = { ...potoroo, ...durable, ...sqlite, ...http, ...protocol, ...suite, ...given, _same: same }
  const body = stripTypeScriptTypes(`async () => {\n${withChecks(code).replaceAll(/^import .* from '@?potoroo(\/.*)?'$/gm, '')}\n}`)
  const made = new Function(...Object.keys(scope), `return ${body}`) as (...values: unknown[]) => () => Promise<void>
  await made(...Object.values(scope))()
})
