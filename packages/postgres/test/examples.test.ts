import { stripTypeScriptTypes } from 'node:module'
import { fileURLToPath } from 'node:url'
import * as postgres from '@potoroo/postgres'
import * as durable from '@potoroo/queue'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { docstringExamples, pageExamples, withChecks } from '../../core/test/docs/examples.ts'
import { PostgresServer } from '../../../test/postgres-server.ts'
import { makePool } from './pool.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const examples = [
  ...docstringExamples(root, 'packages/postgres/src'),
  ...pageExamples(root, 'docs/guides').filter(({ code }) => code.includes("from '@potoroo/postgres'")),
]

let server: PostgresServer
beforeAll(async () => {
  server = await PostgresServer.start()
})
afterAll(() => server[Symbol.asyncDispose]())

test('there are examples in docstrings and in the guides', () => {
  expect(examples.length).toBeGreaterThan(2)
})

test.each(examples.map(({ title, code }) => [title, code] as const))('the example at %s runs, and does what it says', async (_, code) => {
  const same = (actual: unknown, stated: unknown): void => expect(actual).toEqual(stated)
  const pg = { Pool: function (options: { connectionString: string }) { return makePool(options.connectionString) } }
  const scope = { ...durable, ...postgres, pg, process: { env: { DATABASE_URL: server.url() } }, _same: same }
  const body = stripTypeScriptTypes(`async () => {\n${withChecks(code).replaceAll(/^import .*$/gm, '')}\n}`)
  const made = new Function(...Object.keys(scope), `return ${body}`) as (...values: unknown[]) => () => Promise<void>
  await made(...Object.values(scope))()
})
