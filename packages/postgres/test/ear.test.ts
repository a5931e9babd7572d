import { type PostgresOptions, postgresStore } from '@potoroo/postgres'
import { ManualClock } from 'potoroo'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { PostgresServer } from '../../../test/postgres-server.ts'
import { makePool } from './pool.ts'

let server: PostgresServer
let schemas = 0
beforeAll(async () => {
  server = await PostgresServer.start()
})
afterAll(() => server[Symbol.asyncDispose]())

/** A pool whose first LISTEN has something else for an answer; `listens` counts them. */
function troubledPool(firstAnswer: () => Promise<never>): { pool: NonNullable<PostgresOptions['pool']>; listens: () => number } {
  const pool = makePool(server.url())
  let listens = 0
  return {
    listens: () => listens,
    pool: {
      options: pool.options,
      end: () => pool.end(),
      on: (event, listener) => pool.on(event, listener),
      removeListener: (event, listener) => pool.removeListener(event, listener),
      async connect() {
        const client = await pool.connect()
        return {
          query: (config) => {
            if (config.text.startsWith('LISTEN') && ++listens === 1) return firstAnswer()
            return client.query(config) as Promise<{ rows: unknown[] }>
          },
          on: (event, listener) => client.on(event as 'error', listener),
          removeListener: (event, listener) => client.removeListener(event, listener),
          release: (destroy) => client.release(destroy),
        }
      },
    },
  }
}

test.each<[string, () => Promise<never>]>([
  ['fails', () => Promise.reject(new Error('The server is busy'))],
  ['is never answered', () => new Promise(() => {})],
])('when the first LISTEN %s, another one follows, and notes are heard', async (_, answer) => {
  const { pool, listens } = troubledPool(answer)
  const clock = new ManualClock()
  const schema = `ear${++schemas}`
  const other = postgresStore({ connectionString: server.url(), schema })
  let heard = 0
  const here = await postgresStore({ pool, schema, clock }).open('q', {}, ({ foreign }) => {
    if (foreign) heard++
  })
  const there = await other.open('q', {}, () => undefined)
  try {
    await expect.poll(listens).toBe(1)
    // Time in which it tries again; what it does meanwhile takes no time.
    await expect.poll(() => (clock.advance(1_000), listens())).toBe(2)
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
