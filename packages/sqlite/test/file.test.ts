import { openQueue } from '@potoroo/queue'
import { sqliteStore } from '@potoroo/sqlite'
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it, vi } from 'vitest'
import { Folder } from './folder.ts'

const open = (path: string, durability: 'power' | 'process' = 'process') =>
  openQueue<unknown>({ name: 'q', store: sqliteStore(path, { durability }), width: 1 })

/** The value of a pragma as another program sees it. */
function pragma(path: string, name: string): unknown {
  const database = new DatabaseSync(path)
  try {
    return Object.values(database.prepare(`PRAGMA ${name}`).get() as object)[0]
  } finally {
    database.close()
  }
}

function makeDatabase(path: string, sql: string): void {
  const database = new DatabaseSync(path)
  database.exec(sql)
  database.close()
}

async function codeOf(promise: PromiseLike<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return (error as { code?: unknown }).code ?? error
  }
  return 'It did not fail'
}

/** Every statement that is executed in `act`. */
async function executed(act: () => Promise<void>): Promise<string> {
  const statements: string[] = []
  const exec = DatabaseSync.prototype.exec
  const spy = vi.spyOn(DatabaseSync.prototype, 'exec').mockImplementation(function (this: DatabaseSync, sql: string) {
    statements.push(sql)
    return exec.call(this, sql)
  })
  await act().finally(() => spy.mockRestore())
  return statements.join(';')
}

describe('the options', () => {
  it.each([
    ['ERR_INVALID_PATH', () => sqliteStore('')],
    ['ERR_INVALID_PATH', () => sqliteStore(undefined as unknown as string)],
    ['ERR_INVALID_DURABILITY', () => sqliteStore('jobs.db', { durability: 'some' as 'power' })],
  ])('are refused with %s', (code, make) => {
    expect(make).toThrow(expect.objectContaining({ code }))
  })

  it.each([
    ['power', undefined, 'FULL'],
    ['power', 'power', 'FULL'],
    ['process', 'process', 'NORMAL'],
  ] as const)('for a commit that survives a failure of the %s (%s) make SQLite synchronous = %s', async (_, durability, synchronous) => {
    using folder = new Folder()
    const statements = await executed(async () => {
      const store = sqliteStore(folder.file('jobs.db'), durability && { durability })
      await using queue = await openQueue({ name: 'q', store })
      await queue.put(1)
    })
    expect(statements).toContain(`PRAGMA synchronous = ${synchronous}`)
    expect(pragma(folder.file('jobs.db'), 'journal_mode')).toBe('wal')
  })
})

describe('the file', () => {
  it('and all beside it is for its owner only', async () => {
    using folder = new Folder()
    {
      await using queue = await open(folder.file('jobs.db'))
      await queue.put(1)
      const files = readdirSync(folder.path)
      expect(files.length).toBeGreaterThan(2)
      for (const file of files) expect([file, statSync(folder.file(file)).mode & 0o777]).toEqual([file, 0o600])
    }
    expect(readdirSync(folder.path)).toEqual(['jobs.db'])
  })

  it('keeps the rights that it has', async () => {
    using folder = new Folder()
    writeFileSync(folder.file('jobs.db'), '', { mode: 0o640 })
    chmodSync(folder.file('jobs.db'), 0o640)
    await using _ = await open(folder.file('jobs.db'))
    expect(statSync(folder.file('jobs.db')).mode & 0o777).toBe(0o640)
  })

  it('keeps jobs from one opening to the next', async () => {
    using folder = new Folder()
    let id: string
    {
      await using queue = await open(folder.file('jobs.db'), 'power')
      id = (await queue.put({ to: 'Ada' }, { priority: 1.5, key: 'k', delay: 50_000 })).id
    }
    await using queue = await open(folder.file('jobs.db'), 'power')
    expect(await queue.job(id)).toMatchObject({ arg: { to: 'Ada' }, priority: 1.5, key: 'k', state: 'pending' })
    expect((await queue.counts()).pending).toBe(1)
  })

  it('is let go of with the last queue, and opened again by the same store', async () => {
    using folder = new Folder()
    const store = sqliteStore(folder.file('jobs.db'), { durability: 'process' })
    for (let i = 1; i <= 2; i++) {
      const a = await openQueue({ name: 'a', store })
      const b = await openQueue({ name: 'b', store })
      await a.put(1)
      await a.stop()
      expect(existsSync(folder.file('jobs.db-wal'))).toBe(true)
      expect((await b.counts()).pending).toBe(0)
      await b.stop()
      expect(existsSync(folder.file('jobs.db-wal'))).toBe(false)
    }
  })

  it('may be in memory', async () => {
    await using queue = await open(':memory:')
    await queue.put(1)
    expect((await queue.counts()).pending).toBe(1)
  })
})

describe('the migrations', () => {
  const schema = (path: string): unknown[] => {
    const database = new DatabaseSync(path)
    const rows = database.prepare('SELECT type, name, sql FROM sqlite_schema ORDER BY name').all()
    database.close()
    return rows
  }

  it('are done once: opening again changes nothing', async () => {
    using folder = new Folder()
    const path = folder.file('jobs.db')
    await (await open(path)).stop()
    const before = [schema(path), pragma(path, 'user_version'), pragma(path, 'schema_version')]
    await (await open(path)).stop()
    expect([schema(path), pragma(path, 'user_version'), pragma(path, 'schema_version')]).toEqual(before)
    expect(pragma(path, 'application_id')).toBe(0x706f746f)
  })

  it('bring a file of the first version to what a new one is, and keep its jobs', async () => {
    using folder = new Folder()
    const shape = (path: string) => schema(path).map((row) => JSON.stringify(row).replaceAll(/(\s|\\n)+/g, ' '))
    await (await open(folder.file('new.db'))).stop()
    const path = folder.file('old.db')
    makeDatabase(path, readFileSync(new URL('./files/version-1.sql', import.meta.url), 'utf8'))
    makeDatabase(
      path,
      `INSERT INTO queues (id, name, width, pending, joined) VALUES (1, 'q', 10, 1, 1);
       INSERT INTO jobs (queue, id, state, priority, place, attempt, max_attempts, queued_time, run_at, arg)
       VALUES (1, 'a', 0, 0, 1, 0, 5, 0, 0, '"kept"')`,
    )
    {
      await using queue = await openQueue({ name: 'q', store: sqliteStore(path), retry: { maxAttempts: 1 }, handler: (arg) => arg })
      expect((await (await queue.job('a')).watch()).result).toBe('kept')
    }
    expect(shape(path)).toEqual(shape(folder.file('new.db')))
    expect(pragma(path, 'user_version')).toBe(pragma(folder.file('new.db'), 'user_version'))
  })

  it('that fail leave the file as it was, and are done when it can be', async () => {
    using folder = new Folder()
    const path = folder.file('old.db')
    makeDatabase(path, readFileSync(new URL('./files/version-1.sql', import.meta.url), 'utf8'))
    // Stands where the next step wants to make a table of its own.
    makeDatabase(path, 'CREATE TABLE log_lines (text)')
    const before = schema(path)
    await expect(open(path)).rejects.toMatchObject({ name: 'StoreError' })
    expect(schema(path)).toEqual(before)
    makeDatabase(path, 'DROP TABLE log_lines')
    await (await open(path)).stop()
  })

  it('are done once by whichever of several comes first', async () => {
    using folder = new Folder()
    const path = folder.file('jobs.db')
    const queues = await Promise.all(Array.from({ length: 5 }, () => open(path).then()))
    for (const queue of queues) await queue.put(1)
    expect((await queues[0]!.counts()).pending).toBe(5)
    for (const queue of queues) await queue.stop()
  })

  it('refuse a file that a newer version made, and leave it as it is', async () => {
    using folder = new Folder()
    const path = folder.file('jobs.db')
    await (await open(path)).stop()
    makeDatabase(path, 'PRAGMA user_version = 9999; PRAGMA journal_mode = DELETE')
    const before = readFileSync(path)
    expect(await codeOf(open(path))).toBe('ERR_STORE_NEWER')
    expect(readFileSync(path).equals(before)).toBe(true)
  })

  it("refuse another program's database, and leave it as it is", async () => {
    using folder = new Folder()
    const path = folder.file('notes.db')
    makeDatabase(path, 'CREATE TABLE notes (text)')
    const before = readFileSync(path)
    expect(await codeOf(open(path))).toBe('ERR_STORE_FOREIGN')
    expect(readFileSync(path).equals(before)).toBe(true)
    expect(readdirSync(folder.path)).toEqual(['notes.db'])
  })
})

describe('the SQLite that Node comes with', () => {
  it.each([
    ['3.51.2', 'ERR_SQLITE_VERSION'],
    ['3.9.99', 'ERR_SQLITE_VERSION'],
    ['3.51.3', undefined],
    ['3.60.0', undefined],
    ['4.0.0', undefined],
  ])('%s: %s', async (version, code) => {
    using folder = new Folder()
    const { prepare } = DatabaseSync.prototype
    const spy = vi.spyOn(DatabaseSync.prototype, 'prepare').mockImplementation(function (this: DatabaseSync, sql: string) {
      return prepare.call(this, sql.replace('sqlite_version()', `'${version}'`))
    })
    try {
      const opening = open(folder.file('jobs.db'))
      if (code === undefined) await (await opening).stop()
      else await expect(opening).rejects.toMatchObject({ name: 'StoreError', code, message: expect.stringContaining('3.51.3') })
    } finally {
      spy.mockRestore()
    }
  })
})

describe('a file that cannot be used', () => {
  it('because its folder is not there: ERR_STORE_OPEN', async () => {
    using folder = new Folder()
    expect(await codeOf(open(folder.file('missing/jobs.db')))).toBe('ERR_STORE_OPEN')
  })

  it('because it is a folder: ERR_STORE_OPEN', async () => {
    using folder = new Folder()
    mkdirSync(folder.file('jobs.db'))
    expect(await codeOf(open(folder.file('jobs.db')))).toBe('ERR_STORE_OPEN')
  })

  it('because it is no database: ERR_STORE_CORRUPT', async () => {
    using folder = new Folder()
    writeFileSync(folder.file('jobs.db'), 'This is a text, and a long one at that. '.repeat(100))
    expect(await codeOf(open(folder.file('jobs.db')))).toBe('ERR_STORE_CORRUPT')
  })

  it('because it is damaged: ERR_STORE_CORRUPT', async () => {
    using folder = new Folder()
    const path = folder.file('jobs.db')
    {
      await using queue = await open(path)
      await queue.putMany(Array.from({ length: 500 }, (_, arg) => ({ arg })))
    }
    const bytes = readFileSync(path)
    bytes.fill(0xa5, 4096)
    writeFileSync(path, bytes)
    const use = async (): Promise<void> => {
      await using queue = await open(path)
      await queue.list({ limit: 500 })
    }
    expect(await codeOf(use())).toBe('ERR_STORE_CORRUPT')
  })

  // Root may write everywhere, so it has to be somebody else for a moment.
  const somebody = 65_534
  const asSomebody = async (act: () => Promise<void>): Promise<void> => {
    if (process.getuid!() !== 0) return act()
    process.seteuid!(somebody)
    try {
      await act()
    } finally {
      process.seteuid!(0)
    }
  }

  it('because it may only be read: ERR_STORE_READONLY', async () => {
    using folder = new Folder()
    const path = folder.file('jobs.db')
    await (await open(path)).stop()
    chmodSync(path, 0o444)
    chmodSync(folder.path, 0o777)
    await asSomebody(async () => expect(await codeOf(open(path))).toBe('ERR_STORE_READONLY'))
  })

  it('because its folder may only be read: ERR_STORE_OPEN', async () => {
    using folder = new Folder()
    chmodSync(folder.path, 0o555)
    if (process.getuid!() === 0) chownSync(folder.path, somebody, somebody)
    await asSomebody(async () => expect(await codeOf(open(folder.file('jobs.db')))).toBe('ERR_STORE_OPEN'))
    chmodSync(folder.path, 0o700)
  })

  it('leaves nothing behind, and can be used once that is put right', async () => {
    using folder = new Folder()
    const store = sqliteStore(folder.file('later/jobs.db'), { durability: 'process' })
    expect(await codeOf(openQueue({ name: 'q', store }))).toBe('ERR_STORE_OPEN')
    mkdirSync(folder.file('later'))
    await using queue = await openQueue({ name: 'q', store })
    await queue.put(1)
  })
})
