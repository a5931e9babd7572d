import { postgresStore } from '@potoroo/postgres'
import type { Store } from '@potoroo/queue'
import { storeSuite } from '@potoroo/store-tests'
import type { Pool } from 'pg'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { PostgresServer } from '../../../test/postgres-server.ts'
import { empty, makePool } from './pool.ts'

const schema = 'the suite'

/**
 * The whole suite of the store, with a server of its own.
 *
 * @param before what is to be between the server and its clients, and where it is then; left out: nothing
 */
export function wholeSuite(before: (server: PostgresServer) => Promise<AsyncDisposable & { readonly url: string }> = direct): void {
  let server: PostgresServer
  let way: Awaited<ReturnType<typeof before>>
  let pool: Pool

  beforeAll(async () => {
    server = await PostgresServer.start()
    way = await before(server)
    pool = makePool(way.url)
  })
  afterAll(async () => {
    await pool?.end()
    await way?.[Symbol.asyncDispose]()
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
    sharing: { module: new URL('./open-store.ts', import.meta.url).href, whereIs: () => `${way.url}#${schema}` },
  })
}

async function direct(server: PostgresServer): Promise<AsyncDisposable & { readonly url: string }> {
  return { url: server.url(), [Symbol.asyncDispose]: async () => undefined }
}
