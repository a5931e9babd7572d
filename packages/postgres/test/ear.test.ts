import { postgresStore } from '@potoroo/postgres'
import { ManualClock } from 'potoroo'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { PostgresServer } from '../../../test/postgres-server.ts'
import { makePool, watchedPool } from './pool.ts'

let server: PostgresServer
let schemas = 0
beforeAll(async () => {
  server = await PostgresServer.start()
})
afterAll(() => server[Symbol.asyncDispose]())

test.each<[string, () => Promise<never>]>([
  ['fails', () => Promise.reject(new Error('The server is busy'))],
  ['is never answered', () => new Promise(() => {})],
])('when the first LISTEN %s, another one follows, and notes are heard', async (_, answer) => {
  const pool = makePool(server.url())
  let listens = 0
  const troubled = watchedPool(pool, (config, ask) => (config.text.startsWith('LISTEN') && ++listens === 1 ? answer() : ask(config)))
  const clock = new ManualClock()
  const schema = `ear${++schemas}`
  const other = postgresStore({ connectionString: server.url(), schema })
  let heard = 0
  const here = await postgresStore({ pool: troubled, schema, clock }).open('q', {}, ({ foreign }) => {
    if (foreign) heard++
  })
  const there = await other.open('q', {}, () => undefined)
  try {
    await expect.poll(() => listens).toBe(1)
    // Time in which it tries again; what it does meanwhile takes no time.
    await expect.poll(() => (clock.advance(1_000), listens)).toBe(2)
    // Its looks by itself stand still from here on, like the clock: only a note can tell it.
    await expect.poll(async () => {
      await there.update({ width: there.settings.width + 1 })
      return heard
    }).toBeGreaterThan(0)
    await expect.poll(() => here.settings.width).toBe(there.settings.width)
  } finally {
    await here.close()
    await there.close()
    await pool.end()
  }
})
