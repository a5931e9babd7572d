import { postgresStore } from '@potoroo/postgres'
import type { Store } from '@potoroo/queue'
import { storeSuite } from '@potoroo/store-tests'
import type { Pool } from 'pg'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { PostgresServer } from '../../../test/postgres-server.ts'
import { empty, makePool } from './pool.ts'

let server: PostgresServer
let pool: Pool
const schema = 'the suite'

beforeAll(async () => {
  server = await PostgresServer.start()
  pool = makePool(server.url())
})
afterAll(async () => {
  await pool?.end()
  await server?.[Symbol.asyncDispose]()
})

const open = (): Store => postgresStore({ pool, schema, rateClock: 'caller' })

storeSuite({
  name: 'postgresStore',
  describe,
  it,
  makeStore: open,
  shareStore: open,
  dispose: () => empty(pool, schema),
  sharing: { module: new URL('./open-store.ts', import.meta.url).href, whereIs: () => `${server.url()}#${schema}` },
})
