import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DurableQueue, JobState } from '@potoroo/queue'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { PostgresServer } from '../../../test/postgres-server.ts'
import { Running, Stores } from './command.ts'

// Each starts processes, one after the other: on a machine that is busy each of them may take its time.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 })
const POLL = { interval: 1, timeout: 120_000 }

const PASSWORD = 'hunter2'

let server: PostgresServer
let admin: pg.Pool
/** Two empty databases for each test. */
let [one, two]: string[] = []
let databases = 0
let rules: string

beforeAll(async () => {
  // The server runs as another user, who must be able to read who is let in.
  rules = mkdtempSync(join(tmpdir(), 'potoroo-cli-rules-'))
  const file = join(rules, 'pg_hba.conf')
  writeFileSync(file, 'host all guarded 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n')
  chmodSync(rules, 0o755)
  server = await PostgresServer.start([`hba_file=${file}`])
  admin = new pg.Pool({ connectionString: server.url(), max: 1 }).on('error', () => undefined)
  await admin.query(`CREATE ROLE guarded LOGIN SUPERUSER PASSWORD '${PASSWORD}'`)
})
beforeEach(async () => {
  ;[one, two] = await Promise.all([makeDatabase(), makeDatabase()])
})
afterAll(async () => {
  await admin?.end()
  await server?.[Symbol.asyncDispose]()
  rmSync(rules, { recursive: true })
})

async function makeDatabase(): Promise<string> {
  const name = `cli${++databases}`
  await admin.query(`CREATE DATABASE ${name}`)
  return urlOf(name)
}

function urlOf(database: string, user = 'postgres'): string {
  return server.url(user).replace(/postgres$/, database)
}

/** As messages call it. */
function titleOf(url: string): string {
  return `PostgreSQL at ${url.slice(url.indexOf('@') + 1)}`
}

async function schemasOf(url: string): Promise<string[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query<{ name: string }>("SELECT nspname AS name FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema$)'")
  await client.end()
  return rows.map(({ name }) => name)
}

/** All that is to go along. */
async function contentsOf(queue: DurableQueue) {
  const { jobs } = await queue.list({ limit: 500 })
  const { width, rate, paused, counts } = await queue.status()
  return {
    settings: { width, rate, paused, counts },
    jobs: await Promise.all(
      jobs.map(async (job) => {
        const { id, arg, priority, state, attempt, maxAttempts, key, timeout, queuedTime, runAt, startTime, stopTime, result, error, progress } = job
        const fields = { id, arg, priority, state, attempt, maxAttempts, key, timeout, queuedTime, runAt, startTime, stopTime, result, error, progress }
        return { ...fields, history: await job.history() }
      }),
    ),
  }
}

async function reach(queue: DurableQueue, id: string, state: JobState, attempt: number): Promise<void> {
  await expect.poll(() => queue.job(id), POLL).toMatchObject({ state, attempt })
}

describe('potoroo move, with PostgreSQL', () => {
  it('keeps ids, priorities, attempts, results, histories and settings, from a file to a database, to another one, and back', async () => {
    using stores = new Stores()
    const old = await stores.open('a.db', {
      width: 2,
      retry: { backoff: [3_600_000] },
      handler: (arg, job) => {
        job.log(`at ${String(arg)}`)
        job.report(50)
        if (arg !== 'good') throw new RangeError(`"${String(arg)}" 🦘`)
        return { was: arg }
      },
    })
    const done = await old.putMany([{ arg: 'good' }, { arg: 'bad', maxAttempts: 1 }, { arg: 'again', maxAttempts: 3 }])
    await reach(old, done[0]!.id, 'finished', 1)
    await reach(old, done[1]!.id, 'failed', 1)
    await reach(old, done[2]!.id, 'pending', 1)
    await old.pause()
    const [, , , gone] = await old.putMany([
      { arg: { to: 'Ada' } },
      { arg: 'urgent', priority: -1.5, key: 'k', timeout: 500, maxAttempts: 7 },
      { arg: 'later', delay: 3_600_000 },
      { arg: null },
    ])
    await gone!.cancel('nobody wants it')
    await old.update({ width: 3, rate: { limit: 100, per: 250 } })
    const contents = await contentsOf(old)
    expect(contents.jobs.map(({ state }) => state)).toEqual(['finished', 'failed', 'pending', 'pending', 'pending', 'pending', 'cancelled'])
    expect(contents.settings).toMatchObject({ width: 3, rate: { limit: 100, per: 250 }, paused: true })
    await old.stop()
    for (const [from, to, title] of [['a.db', one!, titleOf(one!)], [one!, two!, titleOf(two!)], [two!, 'b.db', 'b.db']] as const) {
      expect(await stores.run('move', from, to)).toEqual({ status: 0, out: `mail: 7 jobs are in ${title}.\n`, err: '' })
      await using queue = await stores.open(to)
      expect(await contentsOf(queue)).toEqual(contents)
      await expect(stores.open(from).then()).rejects.toMatchObject({ code: 'ERR_QUEUE_MOVED' })
    }
    // What was waiting is run there, in its order.
    const ran: unknown[] = []
    await using queue = await stores.open('b.db', { width: 1, handler: (arg) => void ran.push(arg) })
    await queue.resume()
    await expect.poll(() => ran, POLL).toEqual(['urgent', { to: 'Ada' }])
  })

  it('moves the queues that are named, by either name of the scheme', async () => {
    using stores = new Stores()
    const url = one!.replace('postgres:', 'postgresql:')
    for (const name of ['mail', 'sms', 'fax']) await stores.fill(url, 2, name)
    expect((await stores.run('move', url, 'b.db', '--queue', 'sms', 'fax')).out).toBe('sms: 2 jobs are in b.db.\nfax: 2 jobs are in b.db.\n')
    expect(await stores.args(one!)).toEqual([0, 1])
    expect(await stores.run('move', url, 'b.db', '--json')).toMatchObject({
      status: 0,
      out: '{"moved":[{"queue":"mail","jobs":2},{"queue":"sms","jobs":2},{"queue":"fax","jobs":2}]}\n',
    })
  })

  it.each(['to', 'from'])('that is killed, again and again, on its way %s a database, loses nothing, and brings nothing twice', async (way) => {
    using stores = new Stores()
    const [from, to] = way === 'to' ? ['a.db', one!] : [one!, 'b.db']
    const n = 4_000
    await stores.fill(from, n)
    const last = await stores.put(from, n, { priority: -1 })
    // A handler at work on the last job, which goes first: until it ends, so does no move.
    let finish: (() => void) | undefined
    const work = await stores.open(from, { width: 1, handler: () => new Promise<void>((resolve) => (finish = resolve)) })
    await expect.poll(() => finish, POLL).toBeDefined()
    expect((await work.job(last)).state).toBe('underway')
    for (let at = 0; at < n; at += 1_000) {
      await using running = new Running(stores.path, ['move', from, to])
      await expect.poll(async () => (await work.status()).move?.jobs ?? 0, POLL).toBeGreaterThan(at)
      running.child.kill('SIGKILL')
      expect((await running.ended).status).toBe(null)
      // Nobody can take the half for the whole.
      const half = await stores.open(to)
      await expect(half.put(1).then()).rejects.toMatchObject({ code: 'ERR_QUEUE_ARRIVING' })
      await half.stop()
    }
    await using again = new Running(stores.path, ['move', from, to])
    finish!()
    expect(await again.ended).toMatchObject({ status: 0, err: '' })
    await work.stop()
    expect(await stores.args(to)).toEqual(Array.from({ length: n + 1 }, (_, i) => i))
  })

  it.each(['to', 'from'])('that is interrupted on its way %s a database says so, and goes on when it is run again', async (way) => {
    using stores = new Stores()
    const [from, to] = way === 'to' ? ['a.db', one!] : [one!, 'b.db']
    await stores.fill(from, 700)
    const last = await stores.put(from, 700, { priority: -1 })
    // A handler at work: until it ends, so does no move.
    let finish: (() => void) | undefined
    const work = await stores.open(from, { width: 1, handler: () => new Promise<void>((resolve) => (finish = resolve)) })
    await expect.poll(() => finish, POLL).toBeDefined()
    {
      await using running = new Running(stores.path, ['move', from, to, '--json'])
      await expect.poll(async () => (await work.status()).move?.state, POLL).toBe('leaving')
      running.child.kill('SIGINT')
      const { status, out, err } = await running.ended
      expect([status, JSON.parse(out).error.code]).toEqual([1, 'ERR_INTERRUPTED'])
      expect(err).toMatch(/^potoroo: Interrupted\. .*run the same command again.*\n$/)
    }
    const watching = (await work.job(last)).watch()
    await using again = new Running(stores.path, ['move', from, to])
    finish!()
    expect(await watching).toMatchObject({ state: 'finished' })
    expect(await again.ended).toMatchObject({ status: 0, err: '' })
    await work.stop()
    expect(await stores.args(to)).toEqual(Array.from({ length: 701 }, (_, i) => i))
  })

  it('says no password of a database that it moves to or from', async () => {
    using stores = new Stores()
    const url = one!.replace('postgres@', `guarded:${PASSWORD}@`)
    await stores.fill('a.db', 1)
    const there = await stores.run('move', 'a.db', url)
    const back = await stores.run('move', url, 'b.db')
    const empty = await stores.run('move', two!.replace('postgres@', `guarded:${PASSWORD}@`), 'c.db')
    expect([there, back, empty].map(({ status }) => status)).toEqual([0, 0, 1])
    expect(JSON.stringify([there, back, empty])).not.toContain(PASSWORD)
  })

  it('takes what a URL leaves out from the environment: a password in it is in no list of processes', async () => {
    using stores = new Stores()
    await stores.fill('a.db', 1)
    const { port, pathname } = new URL(one!)
    const variables = { PGHOST: '127.0.0.1', PGPORT: port, PGUSER: 'guarded', PGPASSWORD: PASSWORD, PGDATABASE: pathname.slice(1) }
    for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value)
    try {
      expect(await stores.run('move', 'a.db', 'postgres://')).toMatchObject({ status: 0, out: `mail: 1 job is in ${titleOf(one!)}.\n` })
    } finally {
      vi.unstubAllEnvs()
    }
    expect(await stores.args(one!)).toEqual([0])
  })

  it.each<[string, (stores: Stores) => readonly string[] | Promise<readonly string[]>, number, string, RegExp]>([
    ['a database where there is no store', () => [one!, 'b.db'], 1, 'ERR_STORE_NOT_FOUND', /no queues in PostgreSQL at 127\.0\.0\.1:\d+\/cli\d+/],
    ['a queue that is not there', async (stores) => (await stores.fill(one!, 1), [one!, 'b.db', '--queue', 'nobody']), 1, 'ERR_QUEUE_NOT_FOUND', /nobody/],
    ['a queue that is not there, to a database', () => ['a.db', one!, '--queue', 'nobody'], 1, 'ERR_QUEUE_NOT_FOUND', /nobody/],
    ['a store without queues', async (stores) => (await stores.fill(one!, 1), await forget(one!), [one!, 'b.db']), 1, 'ERR_QUEUE_NOT_FOUND', /no queues in PostgreSQL at/],
    ['a target with such a queue', async (stores) => (await stores.fill(one!, 1), ['a.db', one!]), 1, 'ERR_QUEUE_EXISTS', /mail/],
    ['the same database twice', () => [one!, one!.replace('postgres@', `guarded:${PASSWORD}@`)], 2, 'ERR_SAME_STORE', /one store/],
    ['a server that cannot be reached', async () => [`postgres://me:${PASSWORD}@127.0.0.1:${await closedPort()}/db`, 'b.db'], 1, 'ERR_STORE_UNAVAILABLE', /cannot be reached/],
    ['a server to move to that cannot be reached', async () => ['a.db', `postgres://me:${PASSWORD}@127.0.0.1:${await closedPort()}/db`], 1, 'ERR_STORE_UNAVAILABLE', /cannot be reached/],
    ['a wrong password', () => [one!.replace('postgres@', `guarded:x${PASSWORD}@`), 'b.db'], 1, 'ERR_STORE_OPEN', /check user and password/],
    ['a wrong password where it is to go', () => ['a.db', one!.replace('postgres@', `guarded:x${PASSWORD}@`)], 1, 'ERR_STORE_OPEN', /check user and password/],
    ['a database that is not there', () => [urlOf('nowhere'), 'b.db'], 1, 'ERR_STORE_OPEN', /no such database/],
    ['a URL that is none', () => [`postgres://me:${PASSWORD}@host:port/db`, 'b.db'], 2, 'ERR_INVALID_CONNECTION', /postgres:\/\/user:password@/],
    ['a URL without slashes', () => ['a.db', `postgres:me:${PASSWORD}@host/db`], 2, 'ERR_INVALID_CONNECTION', /postgres:\/\/user:password@/],
    ['a password with a slash in it', () => ['a.db', `postgres://me:1/${PASSWORD}@host/db`], 2, 'ERR_INVALID_CONNECTION', /%2F/],
    ['a name that is no text', () => ['a.db', `postgres://me:${PASSWORD}@host/%ff`], 2, 'ERR_INVALID_CONNECTION', /postgres:\/\/user:password@/],
    ['one database', () => [`postgres://me:${PASSWORD}@host/db`], 2, 'ERR_USAGE', /missing required argument/],
  ])('of %s says why not, in a sentence and in JSON, without the password, and makes nothing', async (_, make, status, code, said) => {
    using stores = new Stores()
    await stores.fill('a.db', 1)
    const args = await make(stores)
    const before = await Promise.all([schemasOf(one!), schemasOf(two!)])
    const ended = await stores.run('move', '--json', ...args)
    expect([ended.status, JSON.parse(ended.out).error.code]).toEqual([status, code])
    expect(ended.err).toMatch(/^potoroo: \S/)
    expect(ended.err).toMatch(said)
    expect(ended.err).not.toMatch(/^\s+at /m)
    expect(ended.err + ended.out).not.toContain(PASSWORD)
    expect(await Promise.all([schemasOf(one!), schemasOf(two!)])).toEqual(before)
    expect(readdirSync(stores.path)).toEqual(['a.db'])
    expect(await stores.args('a.db')).toEqual([0])
  })

  it('leaves a queue as it was when two URLs lead to the one database that it is in', async () => {
    using stores = new Stores()
    const url = one!
    await stores.fill(url, 2)
    const same = [
      [url.replace('127.0.0.1', 'other').concat('?host=127.0.0.1'), 'ERR_SAME_STORE'],
      // Two names of a machine: seen only there.
      [url.replace('127.0.0.1', 'localhost'), 'ERR_QUEUE_EXISTS'],
    ] as const
    for (const [other, code] of same) {
      expect(JSON.parse((await stores.run('move', url, other, '--json')).out).error.code).toBe(code)
    }
    await using queue = await stores.open(url)
    await queue.put(2)
    expect(await stores.args(url)).toEqual([0, 1, 2])
  })

  it('does not bring a queue back to life that has left, when two names of a machine lead to where it was', async () => {
    using stores = new Stores()
    const url = one!
    await stores.fill(url, 2)
    expect((await stores.run('move', url, 'b.db')).status).toBe(0)
    const ended = await stores.run('move', url, url.replace('127.0.0.1', 'localhost'), '--json')
    expect([ended.status, JSON.parse(ended.out).error.code]).toEqual([1, 'ERR_SAME_STORE'])
    await expect(stores.open(url)).rejects.toMatchObject({ code: 'ERR_QUEUE_MOVED' })
    expect(await stores.args('b.db')).toEqual([0, 1])
  })

  it('ends by itself when a server takes the connection, and never answers', async () => {
    using stores = new Stores()
    await using silent = new SilentServer()
    const ended = await stores.run('move', await silent.url(), 'b.db', '--json')
    expect([ended.status, JSON.parse(ended.out).error.code]).toEqual([1, 'ERR_STORE_UNAVAILABLE'])
    expect(silent.connections).toBeGreaterThan(0)
  })

  it('says no password of a URL where a command is missing', async () => {
    using stores = new Stores()
    const { status, out, err } = await stores.run(`postgres://me:it's${PASSWORD}@host/db`, 'b.db')
    expect([status, out]).toEqual([2, ''])
    expect(err).toMatch(/^potoroo: unknown command/)
    expect(err).not.toContain(PASSWORD)
    expect(existsSync(stores.file('b.db'))).toBe(false)
  })
})

/** Takes the queues out of a store. */
async function forget(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query('TRUNCATE potoroo.queues, potoroo.jobs')
  await client.end()
}

class SilentServer implements AsyncDisposable {
  connections = 0
  readonly #listener = createServer((socket) => {
    this.connections++
    socket.on('error', () => undefined).resume()
  })

  async url(): Promise<string> {
    await new Promise<void>((resolve) => this.#listener.listen(0, '127.0.0.1', resolve))
    return `postgres://me:${PASSWORD}@127.0.0.1:${(this.#listener.address() as { port: number }).port}/db`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise((resolve) => this.#listener.close(resolve))
  }
}

/** Where nobody listens. */
async function closedPort(): Promise<number> {
  const listener = createServer()
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  const { port } = listener.address() as { port: number }
  await new Promise((resolve) => listener.close(resolve))
  return port
}
