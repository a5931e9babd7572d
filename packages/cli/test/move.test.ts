import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { sqliteStore } from '@potoroo/sqlite'
import { describe, expect, it, vi } from 'vitest'
import { Running, Stores } from './command.ts'

// Each starts processes, one after the other: on a machine that is busy each of them may take its time.
vi.setConfig({ testTimeout: 180_000 })
const POLL = { interval: 1, timeout: 120_000 }

const numbers = (n: number): number[] => Array.from({ length: n }, (_, i) => i)

/** How a queue stands, as another program sees it: the move's state, and how many jobs are in the outbox or have gone. */
function moveOf(path: string): { readonly state: string; readonly jobs: number; readonly outbox: number } | null {
  const database = new DatabaseSync(path, { readOnly: true })
  try {
    database.exec('PRAGMA busy_timeout = 1000')
    const row = database.prepare("SELECT move FROM queues WHERE name = 'mail'").get() as { move: string | null }
    return row.move === null ? null : (JSON.parse(row.move) as ReturnType<typeof moveOf>)
  } finally {
    database.close()
  }
}

describe('potoroo move', () => {
  it('moves every queue of a store to another, which it makes', async () => {
    using stores = new Stores()
    await stores.fill('a.db', 3)
    await stores.fill('a.db', 1, 'sms')
    await stores.fill('a.db', 0, 'empty')
    expect(await stores.run('move', 'a.db', 'b.db')).toEqual({
      status: 0,
      out: 'mail: 3 jobs are in b.db.\nsms: 1 job is in b.db.\nempty: 0 jobs are in b.db.\n',
      err: '',
    })
    expect([await stores.args('b.db'), await stores.args('b.db', 'sms')]).toEqual([[0, 1, 2], [0]])
    await expect(stores.open('a.db').then()).rejects.toMatchObject({ code: 'ERR_QUEUE_MOVED' })
    // Moved already: nothing is to be done.
    expect(await stores.run('move', 'a.db', 'b.db', '--json')).toMatchObject({
      status: 0,
      out: '{"moved":[{"queue":"mail","jobs":3},{"queue":"sms","jobs":1},{"queue":"empty","jobs":0}]}\n',
    })
    expect(readdirSync(stores.path).sort()).toEqual(['a.db', 'b.db'])
  })

  it('moves the queues that are named, and leaves the others', async () => {
    using stores = new Stores()
    for (const name of ['mail', 'sms', 'fax']) await stores.fill('a.db', 2, name)
    expect((await stores.run('move', 'a.db', 'b.db', '--queue', 'sms', 'fax')).out).toBe('sms: 2 jobs are in b.db.\nfax: 2 jobs are in b.db.\n')
    expect(await stores.args('a.db')).toEqual([0, 1])
  })

  it('that is killed, again and again, loses nothing, and brings nothing twice', async () => {
    using stores = new Stores()
    const n = 4_000
    await stores.fill('a.db', n)
    const last = await stores.put('a.db', n, { priority: -1 })
    // A handler at work on the last job, which goes first: until it ends, so does no move.
    let finish: (() => void) | undefined
    const work = await stores.open('a.db', { width: 1, handler: () => new Promise<void>((resolve) => (finish = resolve)) })
    await expect.poll(() => finish, POLL).toBeDefined()
    expect((await work.job(last)).state).toBe('underway')
    for (let at = 0; at < n; at += 1_000) {
      await using running = new Running(stores.path, ['move', 'a.db', 'b.db'])
      await expect.poll(() => moveOf(stores.file('a.db'))?.jobs ?? 0, POLL).toBeGreaterThan(at)
      running.child.kill('SIGKILL')
      expect((await running.ended).status).toBe(null)
      // Nobody can take the half for the whole.
      const half = await stores.open('b.db')
      await expect(half.put(1).then()).rejects.toMatchObject({ code: 'ERR_QUEUE_ARRIVING' })
      await half.stop()
    }
    await using again = new Running(stores.path, ['move', 'a.db', 'b.db'])
    finish!()
    expect((await again.ended).out).toBe(`mail: ${n + 1} jobs are in b.db.\n`)
    await work.stop()
    expect(await stores.args('b.db')).toEqual(numbers(n + 1))
  })

  it('waits for what is underway, and ends cleanly when it is interrupted', async () => {
    using stores = new Stores()
    let finish: (() => void) | undefined
    const work = await stores.open('a.db', { width: 1, handler: () => new Promise<void>((resolve) => (finish = resolve)) })
    const jobs = await work.putMany([{ arg: 1 }, { arg: 2 }])
    await expect.poll(() => finish, POLL).toBeDefined()
    {
      await using running = new Running(stores.path, ['move', 'a.db', 'b.db', '--json'])
      await expect.poll(() => moveOf(stores.file('a.db'))?.state, POLL).toBe('leaving')
      running.child.kill('SIGINT')
      // As npm passes it on.
      running.child.kill('SIGINT')
      const { status, out, err } = await running.ended
      expect([status, JSON.parse(out).error.code]).toEqual([1, 'ERR_INTERRUPTED'])
      expect(err).toMatch(/^potoroo: Interrupted\. .*run the same command again.*\n$/)
    }
    const vain = jobs[1]!.watch().then(null, (error: unknown) => error)
    await using again = new Running(stores.path, ['move', 'a.db', 'b.db'])
    finish!()
    expect(await jobs[0]!.watch()).toMatchObject({ state: 'finished' })
    expect(await again.ended).toMatchObject({ status: 0, out: 'mail: 2 jobs are in b.db.\n' })
    expect(await vain).toMatchObject({ code: 'ERR_JOB_MOVED' })
    await work.stop()
    expect(await stores.args('b.db')).toEqual([1, 2])
  })

  it.each<[string, readonly string[], number, string]>([
    ['one store', ['a.db'], 2, 'ERR_USAGE'],
    ['three stores', ['a.db', 'b.db', 'c.db'], 2, 'ERR_USAGE'],
    ['an unknown option', ['a.db', 'b.db', '--fast'], 2, 'ERR_USAGE'],
    ['an option without its value', ['a.db', 'b.db', '--queue'], 2, 'ERR_USAGE'],
    ['the same store twice', ['a.db', './a.db'], 2, 'ERR_SAME_STORE'],
    ['the same store by two names', ['a.db', 'link.db'], 2, 'ERR_SAME_STORE'],
    ['an unknown scheme', ['redis://localhost/0', 'b.db'], 2, 'ERR_UNKNOWN_STORE'],
    ['an unknown scheme to move to', ['a.db', 'mysql://localhost/x'], 2, 'ERR_UNKNOWN_STORE'],
    ['a store in memory', ['a.db', ':memory:'], 2, 'ERR_UNKNOWN_STORE'],
    ['an empty name', ['', 'b.db'], 2, 'ERR_UNKNOWN_STORE'],
    ['a file that is not there', ['nowhere.db', 'b.db'], 1, 'ERR_STORE_NOT_FOUND'],
    ['a folder', ['folder', 'b.db'], 1, 'ERR_STORE_NOT_FOUND'],
    ['a file that is no database', ['text.db', 'b.db'], 1, 'ERR_STORE_CORRUPT'],
    ["another program's database", ['other.db', 'b.db'], 1, 'ERR_STORE_FOREIGN'],
    ['a target that is no database', ['a.db', 'text.db'], 1, 'ERR_STORE_CORRUPT'],
    ['a target in a folder that is not there', ['a.db', 'nowhere/b.db'], 1, 'ERR_STORE_OPEN'],
    ['a file without queues', ['none.db', 'b.db'], 1, 'ERR_QUEUE_NOT_FOUND'],
    ['a queue that is not there', ['a.db', 'b.db', '--queue', 'nobody'], 1, 'ERR_QUEUE_NOT_FOUND'],
    ['a target with such a queue', ['a.db', 'full.db'], 1, 'ERR_QUEUE_EXISTS'],
  ])('of %s says why not, in a sentence and in JSON, and changes nothing', async (_, args, status, code) => {
    using stores = new Stores()
    await stores.fill('a.db', 1)
    await stores.fill('full.db', 1)
    await sqliteStore(stores.file('none.db')).queues()
    linkSync(stores.file('a.db'), stores.file('link.db'))
    writeFileSync(stores.file('text.db'), 'Dear Ada')
    mkdirSync(stores.file('folder'))
    new DatabaseSync(stores.file('other.db')).exec('CREATE TABLE t (a)')
    const ended = await stores.run('move', '--json', ...args)
    expect([ended.status, JSON.parse(ended.out).error.code]).toEqual([status, code])
    expect(ended.err).toMatch(/^potoroo: \S/)
    expect(ended.err).not.toMatch(/^\s+at /m)
    expect(readFileSync(stores.file('text.db'), 'utf8')).toBe('Dear Ada')
    expect(existsSync(stores.file('nowhere.db'))).toBe(false)
    expect(await stores.args('a.db')).toEqual([0])
    expect(moveOf(stores.file('a.db'))).toBe(null)
  })

  it('says what commands there are when there is none, or an unknown one', async () => {
    using stores = new Stores()
    expect(await stores.run()).toMatchObject({ status: 2, out: '', err: expect.stringMatching(/^potoroo: What is to be done\?\n[^]*\bmove\b/) })
    expect(await stores.run('mvoe')).toEqual({ status: 2, out: '', err: expect.stringMatching(/^potoroo: unknown command 'mvoe'\n/) })
  })

  it('says how it is used when it is asked', async () => {
    using stores = new Stores()
    for (const args of [['--help'], ['move', '--help'], ['help', 'move']]) {
      const { status, out, err } = await stores.run(...args)
      expect([status, err]).toEqual([0, ''])
      expect(out).toMatch(/^Usage: potoroo /)
    }
  })
})
