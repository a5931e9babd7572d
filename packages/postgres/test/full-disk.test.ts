import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { postgresStore } from '@potoroo/postgres'
import { type DurableQueue, openQueue } from '@potoroo/queue'
import { Deferred } from 'potoroo'
import pg from 'pg'
import { expect, test } from 'vitest'
import { PostgresServer } from '../../../test/postgres-server.ts'
import { SmallDisk } from './small-disk.ts'

const whyNot = SmallDisk.whyNot()
if (whyNot !== undefined) console.warn(`>>> NO SMALL DISK CAN BE MADE HERE: THE TESTS OF A FULL ONE ARE SKIPPED (${whyNot}) <<<`)
const TEXT = 'x'.repeat(50_000)
const PATIENT = { interval: 20, timeout: 60_000 }

/** Puts jobs until one is refused: the ids of those that were not, and the code. */
async function putUntilRefused(queue: DurableQueue<string, string>): Promise<{ ids: string[]; code: string }> {
  const ids: string[] = []
  for (;;) {
    try {
      ids.push((await queue.put(`${ids.length} ${TEXT}`)).id)
    } catch (error) {
      return { ids, code: (error as { code: string }).code }
    }
  }
}

test.skipIf(whyNot !== undefined)('while the disk of the tables is full puts are refused, nothing is lost, and it goes on when there is room', { timeout: 120_000 }, async () => {
  using disk = new SmallDisk(32)
  await using server = await PostgresServer.start()
  await makeDatabase(server, 'small', disk)
  const warnings: unknown[] = []
  const ran: string[] = []
  const result = new Deferred<string>()
  await using queue = await openQueue<string, string>({
    name: 'q',
    store: postgresStore({ connectionString: urlOf(server, 'small') }),
    width: 1,
    handler: (arg) => {
      ran.push(arg.split(' ')[0]!)
      return ran.length === 1 ? result : 'done'
    },
    onWarning: (warning) => warnings.push((warning as { code?: string }).code),
  })
  const first = await queue.put('first')
  await expect.poll(() => ran, PATIENT).toEqual(['first'])
  disk.fill()
  const { ids, code } = await putUntilRefused(queue)
  expect(code).toBe('ERR_STORE_FULL')
  // What ends meanwhile is said again until it is written. It is larger than any room that is left.
  result.callback(TEXT.repeat(10))
  await expect.poll(() => warnings, PATIENT).toContain('ERR_STORE_FULL')
  disk.makeRoom()
  expect((await first.watch()).result).toBe(TEXT.repeat(10))
  await queue.put('last')
  await queue.idle()
  expect(ran).toEqual(['first', ...ids.map((_, i) => String(i)), 'last'])
  expect(new Set(warnings)).toEqual(new Set(['ERR_STORE_FULL']))
})

test.skipIf(whyNot !== undefined)('a server that cannot write its log, and falls, loses nothing that was acknowledged, and is found again when it is started', { timeout: 120_000 }, async () => {
  using disk = new SmallDisk(160)
  // Its log is on the small disk, the tables are not: so it is the log that cannot be written.
  using roomy = new SmallDisk(160)
  const server = await PostgresServer.start(['min_wal_size=32MB', 'max_wal_size=32MB'], { folder: disk.path })
  try {
    await makeDatabase(server, 'roomy', roomy)
    const troubles: unknown[] = []
    const store = postgresStore({ connectionString: urlOf(server, 'roomy'), onTrouble: (trouble) => troubles.push(trouble?.code ?? null) })
    await using queue = await openQueue<string, string>({ name: 'q', store })
    disk.fill()
    const { ids, code } = await putUntilRefused(queue)
    // It may say so, or fall at once.
    expect(code).toBeOneOf(['ERR_STORE_FULL', 'ERR_STORE_UNAVAILABLE'])
    await server.crash()
    disk.makeRoom()
    await server.start()
    await queue.put('last')
    // If it was looked for meanwhile, it has been found again.
    expect(troubles.at(-1) ?? null).toBe(null)
    const { pending } = await queue.counts()
    // Of the last one that was sent nobody had said anything: it may be there.
    expect(pending - ids.length - 1).toBeOneOf([0, 1])
    for (const id of ids) expect((await queue.job(id)).state).toBe('pending')
  } finally {
    await server[Symbol.asyncDispose]()
  }
})

/** A database whose tables are on a disk of their own. */
async function makeDatabase(server: PostgresServer, name: string, disk: SmallDisk): Promise<void> {
  const place = join(disk.path, 'tables')
  mkdirSync(place, { mode: 0o700 })
  execFileSync('chown', ['postgres', place])
  const admin = new pg.Client({ connectionString: server.url() })
  await admin.connect()
  await admin.query(`CREATE TABLESPACE ${name} LOCATION '${place}'`)
  await admin.query(`CREATE DATABASE ${name} TABLESPACE ${name}`)
  await admin.end()
}

function urlOf(server: PostgresServer, database: string): string {
  return server.url().replace(/postgres$/, database)
}
