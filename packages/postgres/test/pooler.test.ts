import { postgresStore } from '@potoroo/postgres'
import type { Store } from '@potoroo/queue'
import { storeSuite } from '@potoroo/store-tests'
import type { Pool } from 'pg'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { PostgresServer } from '../../../test/postgres-server.ts'
import { tool } from '../../../scripts/vitest/tools.ts'
import { empty, makePool } from './pool.ts'
import { Pooler } from './pooler.ts'

const program = tool('PGBOUNCER', 'the suite behind PgBouncer')
let server: PostgresServer
let pooler: Pooler
let pool: Pool
const schema = 'the suite'

describe.skipIf(program === undefined)('behind PgBouncer in transaction mode', () => {
  beforeAll(async () => {
    server = await PostgresServer.start()
    pooler = await Pooler.before(server.port, program!)
    pool = makePool(pooler.url)
  })
  afterAll(async () => {
    await pool?.end()
    await pooler?.[Symbol.asyncDispose]()
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
    sharing: { module: new URL('./open-store.ts', import.meta.url).href, whereIs: () => `${pooler.url}#${schema}` },
  })
})
