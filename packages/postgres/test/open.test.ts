import { openQueue } from '@potoroo/queue'
import { type PostgresOptions, postgresStore } from '@potoroo/postgres'
import type { Pool } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { PostgresServer } from '../../../test/postgres-server.ts'
import { makePool } from './pool.ts'

let server: PostgresServer
let pool: Pool

beforeAll(async () => {
  server = await PostgresServer.start()
  pool = makePool(server.url())
  await pool.query('CREATE ROLE guest LOGIN')
  await pool.query("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
})
afterAll(async () => {
  await pool?.end()
  await server?.[Symbol.asyncDispose]()
})

/** What opening a queue fails with, as `code: message`. */
async function failureOf(options: PostgresOptions): Promise<string> {
  const error: unknown = await openQueue({ name: 'q', store: postgresStore(options) }).then(
    () => new Error('It opened'),
    (thrown: unknown) => thrown,
  )
  const { code, message } = error as { code?: string; message: string }
  return `${code}: ${message}`
}

test.each<[string, unknown, string]>([
  ['nothing', {}, 'ERR_INVALID_CONNECTION'],
  ['both', { connectionString: 'postgres://a/b', pool: { connect() {}, options: {} } }, 'ERR_INVALID_CONNECTION'],
  ['another URL', { connectionString: 'mysql://localhost/db' }, 'ERR_INVALID_CONNECTION'],
  ['no URL', { connectionString: 'localhost' }, 'ERR_INVALID_CONNECTION'],
  ['no text', { connectionString: 5 }, 'ERR_INVALID_CONNECTION'],
  ['a pool of one', { pool: { connect() {}, options: { max: 1 } } }, 'ERR_INVALID_POOL'],
  ['no pool', { pool: {} }, 'ERR_INVALID_POOL'],
  ['an empty schema', { connectionString: 'postgres://a/b', schema: '' }, 'ERR_INVALID_SCHEMA'],
  ['a long schema', { connectionString: 'postgres://a/b', schema: 'é'.repeat(26) }, 'ERR_INVALID_SCHEMA'],
  ['another clock', { connectionString: 'postgres://a/b', rateClock: 'mine' }, 'ERR_INVALID_CLOCK'],
])('%s is refused at the door', (_, options, code) => {
  expect(() => postgresStore(options as PostgresOptions)).toThrow(expect.objectContaining({ code }))
})

test('a server that is not there, a database that is not there, a user who is not there: each is said, with no password', async () => {
  const unreachable = await failureOf({ connectionString: 'postgres://me:hunter2@127.0.0.1:1/db' })
  expect(unreachable).toMatch(/^ERR_STORE_UNAVAILABLE: PostgreSQL at 127.0.0.1:1\/db: the server cannot be reached/)
  expect(unreachable).not.toContain('hunter2')
  const nowhere = await failureOf({ connectionString: server.url().replace(/postgres$/, 'nowhere') })
  expect(nowhere).toMatch(/^ERR_STORE_OPEN: .*\/nowhere: there is no such database; check the name, or create it/)
  expect(await failureOf({ connectionString: server.url('nobody') })).toMatch(/^ERR_STORE_OPEN: .*does not let this user in; check user and password/)
})

test('a user who may not make the schema is told so; in one that is made for him all is well', async () => {
  const connectionString = server.url('guest')
  expect(await failureOf({ connectionString, schema: 'guests' })).toMatch(/^ERR_STORE_RIGHTS: .*the user lacks a right in the database/)
  await pool.query('CREATE SCHEMA guests AUTHORIZATION guest')
  await using queue = await openQueue({ name: 'q', store: postgresStore({ connectionString, schema: 'guests' }) })
  expect((await queue.put(1)).state).toBe('pending')
})

test('a schema of another program, of a newer version, and a database that cannot keep all texts are refused', async () => {
  await pool.query('CREATE SCHEMA theirs CREATE TABLE customers (id int)')
  const connectionString = server.url()
  expect(await failureOf({ connectionString, schema: 'theirs' })).toMatch(/^ERR_STORE_FOREIGN: .*name a schema of its own/)
  const open = () => openQueue({ name: 'q', store: postgresStore({ connectionString, schema: 'newer' }) })
  await (await open()).stop()
  await pool.query('INSERT INTO newer.potoroo_migrations (step) VALUES (1000)')
  expect(await failureOf({ connectionString, schema: 'newer' })).toMatch(/^ERR_STORE_NEWER: .*use that version, or a newer one/)
  const latin = connectionString.replace(/postgres$/, 'latin')
  expect(await failureOf({ connectionString: latin })).toMatch(/^ERR_STORE_ENCODING: .*encoding is LATIN1; make one with ENCODING 'UTF8'/)
})

test('several that open a new schema at once make it once, whatever its name; opening it again changes nothing', async () => {
  const schema = `it's "quoted" 🦘`
  const open = () => openQueue({ name: 'q', store: postgresStore({ pool, schema }) })
  const queues = await Promise.all(Array.from({ length: 4 }, open))
  await queues[0]!.put('a')
  for (const queue of queues) await queue.stop()
  await using again = await open()
  expect((await again.counts()).pending).toBe(1)
  const steps = await pool.query(`SELECT step FROM "it's ""quoted"" 🦘".potoroo_migrations`)
  expect(steps.rows).toEqual([{ step: 1 }])
})

test('the pool of the caller is left open, and has all its connections back', async () => {
  const queue = await openQueue({ name: 'q', store: postgresStore({ pool, schema: 'pooled' }), handler: () => undefined })
  await (await queue.put(1)).watch()
  // One listens.
  await expect.poll(() => pool.totalCount - pool.idleCount).toBe(1)
  await queue.stop()
  await expect.poll(() => pool.totalCount - pool.idleCount).toBe(0)
  expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
})
