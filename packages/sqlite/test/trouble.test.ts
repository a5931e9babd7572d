import {
  type DurableJob,
  type DurableQueue,
  type Exchange,
  type Exchanged,
  type JobRecord,
  type NewJob,
  openQueue,
  type QueueOptions,
  type QueueStore,
  type Worker,
} from '@potoroo/queue'
import { sqliteStore } from '@potoroo/sqlite'
import { Deferred, ManualClock } from 'potoroo'
import { readdirSync } from 'node:fs'
import { DatabaseSync, StatementSync } from 'node:sqlite'
import { describe, expect, it, vi } from 'vitest'
import { Folder } from './folder.ts'

function open(path: string, options: Partial<QueueOptions<unknown, unknown>> = {}) {
  return openQueue<unknown, unknown>({ name: 'q', store: sqliteStore(path, { durability: 'process' }), ...options })
}

/** What SQLite says when the disk is full. */
function fullDisk(): Error {
  return Object.assign(new Error('database or disk is full'), { code: 'ERR_SQLITE_ERROR', errcode: 13 })
}

/** While it lasts, no commit can be made. Gives back how to end that. */
function fillDisk(): () => void {
  const run = StatementSync.prototype.run
  const spy = vi.spyOn(StatementSync.prototype, 'run').mockImplementation(function (this: StatementSync, ...args) {
    if (this.sourceSQL === 'COMMIT') throw fullDisk()
    return run.apply(this, args)
  })
  return () => spy.mockRestore()
}

/** The statement that finds a job by its id. What is known to be claimed here is not looked for. */
const FIND = /^SELECT seq FROM jobs WHERE id = \?$/

/** How often a job is looked for by its id while something is done. */
async function findings(act: () => PromiseLike<unknown>): Promise<number> {
  const get = StatementSync.prototype.get
  let times = 0
  using _get = vi.spyOn(StatementSync.prototype, 'get').mockImplementation(function (this: StatementSync, ...args) {
    if (FIND.test(this.sourceSQL)) times++
    return get.apply(this, args)
  })
  await act()
  return times
}

/** A store's queue with a worker that claims, and says what became of its claims. */
class Claimer implements AsyncDisposable {
  readonly #folder = new Folder()
  readonly worker: Worker = { id: 'w', lease: 30_000 }
  queue!: QueueStore
  #exchanges = 0

  static async open(): Promise<Claimer> {
    const claimer = new Claimer()
    claimer.queue = await claimer.openAgain()
    await claimer.queue.renew(claimer.worker, 0)
    const job: NewJob = { id: 'a', arg: '1', priority: 0, runAt: 0, key: null, maxAttempts: 9, timeout: null }
    await claimer.queue.put([job], { size: 9, now: 0 })
    return claimer
  }

  /** As another process would. */
  openAgain(): PromiseLike<QueueStore> {
    return sqliteStore(this.#folder.file('jobs.db'), { durability: 'process' }).open('q', {}, () => undefined)
  }

  exchange(parts: Partial<Exchange>): PromiseLike<Exchanged> {
    const token = `w.${++this.#exchanges}`
    return this.queue.exchange(() => ({ worker: this.worker, outcomes: [], started: [], holdUntil: 0, places: 0, token, now: 0, ...parts }))
  }

  /** Says that a claim has come to its end, whoever has the job. */
  async finish({ token, ...job }: JobRecord): Promise<boolean> {
    const finished = { ...job, token: null, state: 'finished', stopTime: 1, result: '1' } as const
    return (await this.exchange({ outcomes: [{ token: token!, job: finished }] })).accepted[0]!
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.queue.close()
    this.#folder[Symbol.dispose]()
  }
}

/** Two workers on one file, each with time of its own. The first has a job underway. */
class TwoWorkers implements AsyncDisposable {
  readonly folder = new Folder()
  readonly #clocks = [new ManualClock(Date.now()), new ManualClock(Date.now())] as const
  readonly #queues: DurableQueue<unknown, unknown>[] = []
  readonly #work = new Deferred<string>()
  #job!: DurableJob<unknown, unknown>

  static async start(): Promise<TwoWorkers> {
    const workers = new TwoWorkers()
    for (const [i, clock] of workers.#clocks.entries()) {
      const handler = () => (i === 0 ? workers.#work : 'not mine to do')
      const queue = await open(workers.folder.file('jobs.db'), { clock, lease: 5_000, handler, onWarning: () => undefined })
      workers.#queues.push(queue)
      if (i > 0) continue
      workers.#job = await queue.put('a')
      await vi.waitFor(async () => expect((await queue.job(workers.#job.id)).state).toBe('underway'))
    }
    return workers
  }

  /** Time goes on for both, for so many looks. */
  async look(times: number, clocks: readonly ManualClock[] = this.#clocks): Promise<void> {
    for (let looks = 0; looks < times; looks++) {
      for (const clock of clocks) clock.advance(5_000 / 3)
      for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve))
    }
  }

  /** When all is well again, the job is still with the first. */
  async secondLooksFirst(): Promise<void> {
    await this.look(1, [this.#clocks[1]])
    await Promise.all(this.#queues.map((queue) => queue.counts()))
    await this.look(3)
    this.#work.callback('done')
    expect(await this.#job.watch()).toMatchObject({ attempt: 1, result: 'done' })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const queue of this.#queues) await queue.stop({ within: 0 })
    this.folder[Symbol.dispose]()
  }
}

describe('another connection that is writing', () => {
  it('is waited for: puts wait their turn, in order, and succeed', async () => {
    using folder = new Folder()
    await using queue = await open(folder.file('jobs.db'))
    const other = new DatabaseSync(folder.file('jobs.db'))
    other.exec('BEGIN IMMEDIATE')
    const puts = [queue.put('a'), queue.put('b')]
    // Tried, and found busy, again and again.
    await new Promise<void>((resolve) => {
      const run = StatementSync.prototype.run
      let tries = 0
      const spy = vi.spyOn(StatementSync.prototype, 'run').mockImplementation(function (this: StatementSync, ...args) {
        if (this.sourceSQL === 'BEGIN IMMEDIATE' && ++tries === 3) {
          spy.mockRestore()
          resolve()
        }
        return run.apply(this, args)
      })
    })
    puts.push(queue.put('c'))
    expect(puts.map(({ called }) => called)).toEqual([false, false, false])
    other.exec('COMMIT')
    other.close()
    for (const put of puts) await put
    expect((await queue.list()).jobs.map(({ arg }) => arg)).toEqual(['a', 'b', 'c'])
  })

  it('costs nobody a lease, though nobody can renew one meanwhile', async () => {
    await using workers = await TwoWorkers.start()
    await workers.look(3)
    const other = new DatabaseSync(workers.folder.file('jobs.db'))
    other.exec('BEGIN IMMEDIATE')
    await workers.look(8)
    other.exec('COMMIT')
    other.close()
    await workers.secondLooksFirst()
  })

  it('does not keep the queue from being opened', async () => {
    using folder = new Folder()
    await (await open(folder.file('jobs.db'))).stop()
    const other = new DatabaseSync(folder.file('jobs.db'))
    other.exec('BEGIN IMMEDIATE')
    const opening = open(folder.file('jobs.db'))
    await new Promise((resolve) => setImmediate(resolve))
    expect(opening.called).toBe(false)
    other.exec('COMMIT')
    other.close()
    await (await opening).stop()
  })
})

describe('a disk that is full', () => {
  it('fails puts with ERR_STORE_FULL, and they work again when there is room', async () => {
    using folder = new Folder()
    await using queue = await open(folder.file('jobs.db'), { size: 3 })
    await queue.put(1)
    const empty = fillDisk()
    for (let i = 0; i < 3; i++) {
      await expect(queue.putMany([{ arg: 2 }, { arg: 3 }])).rejects.toMatchObject({ name: 'StoreError', code: 'ERR_STORE_FULL' })
    }
    empty()
    expect((await queue.counts()).pending).toBe(1)
    await queue.putMany([{ arg: 2 }, { arg: 3 }])
    expect((await queue.list()).jobs.map(({ arg }) => arg)).toEqual([1, 2, 3])
  })

  it('fails them too when SQLite itself finds it so, and has rolled back already', async () => {
    using folder = new Folder()
    await using queue = await open(folder.file('jobs.db'))
    await queue.put('small')
    const prepared = DatabaseSync.prototype.prepare
    // The page limit is that of a connection: it has to be set on the queue's own.
    const databases = new Set<DatabaseSync>()
    vi.spyOn(DatabaseSync.prototype, 'prepare').mockImplementation(function (this: DatabaseSync, sql) {
      databases.add(this)
      return prepared.call(this, sql)
    })
    await queue.list({ state: 'underway' })
    vi.restoreAllMocks()
    const [database] = databases
    database!.exec('PRAGMA max_page_count = 1')
    await expect(queue.put('x'.repeat(500_000))).rejects.toMatchObject({ code: 'ERR_STORE_FULL' })
    expect((await queue.counts()).pending).toBe(1)
    database!.exec('PRAGMA max_page_count = 1000000')
    await queue.put('x'.repeat(500_000))
    expect((await queue.counts()).pending).toBe(2)
  })

  it('loses no result of a handler: it is recorded when there is room, by itself', async () => {
    using folder = new Folder()
    const work = new Deferred<string>()
    const warned = new Deferred<Error>()
    await using queue = await open(folder.file('jobs.db'), {
      handler: () => work,
      onWarning: (warning) => {
        if (!warned.called) warned.callback(warning)
      },
    })
    const job = await queue.put(1)
    const watching = job.watch()
    await new Promise<void>((resolve) => {
      const look = (): void => void queue.job(job.id).then(({ state }) => (state === 'underway' ? resolve() : setImmediate(look)))
      look()
    })
    const empty = fillDisk()
    work.callback('done')
    expect(await warned).toMatchObject({ code: 'ERR_STORE_FULL' })
    empty()
    expect(await watching).toMatchObject({ result: 'done', attempt: 1 })
  })

  it('costs nobody a lease, though nobody can renew one meanwhile', async () => {
    await using workers = await TwoWorkers.start()
    await workers.look(3)
    const empty = fillDisk()
    await workers.look(6)
    empty()
    await workers.secondLooksFirst()
  })

  it('leaves settings, places and counts as they were committed', async () => {
    using folder = new Folder()
    await using queue = await open(folder.file('jobs.db'), { width: 3 })
    await queue.put(1)
    const before = await queue.status()
    const empty = fillDisk()
    await expect(queue.setWidth(9)).rejects.toMatchObject({ code: 'ERR_STORE_FULL' })
    await expect(queue.pause()).rejects.toMatchObject({ code: 'ERR_STORE_FULL' })
    await expect(queue.clear()).rejects.toMatchObject({ code: 'ERR_STORE_FULL' })
    empty()
    expect(await queue.status()).toEqual(before)
  })

  it('makes nobody miss what another process set meanwhile', async () => {
    using folder = new Folder()
    const store = sqliteStore(folder.file('jobs.db'), { durability: 'process' })
    const settings: (number | undefined)[] = []
    const queue = await store.open('q', { width: 3 }, (news) => settings.push(news.settings?.width))
    await using other = await open(folder.file('jobs.db'))
    await other.setWidth(9)
    const empty = fillDisk()
    await expect(queue.update({ paused: true })).rejects.toMatchObject({ code: 'ERR_STORE_FULL' })
    empty()
    await queue.status()
    expect(settings).toContain(9)
    await queue.close()
  })

  it('makes nobody miss what another process did meanwhile', async () => {
    using folder = new Folder()
    await using queue = await open(folder.file('jobs.db'))
    await using other = await open(folder.file('jobs.db'))
    const job = await queue.put(1)
    const watching = job.watch()
    await queue.counts()
    await other.cancel(job.id)
    const empty = fillDisk()
    // This sees that another process was here, and is rolled back.
    await expect(queue.put(2)).rejects.toMatchObject({ code: 'ERR_STORE_FULL' })
    empty()
    await expect(watching).rejects.toMatchObject({ code: 'ERR_JOB_CANCELLED' })
  })
})

describe('a disk that fails', () => {
  it('and cannot even be read fails what is asked with ERR_STORE_IO, and counts are right when it is back', async () => {
    using folder = new Folder()
    const store = sqliteStore(folder.file('jobs.db'), { durability: 'process' })
    await using queue = await openQueue({ name: 'q', store })
    await using other = await openQueue({ name: 'other', store })
    await queue.put(1)
    let broken = true
    const fail = (): never => {
      throw Object.assign(new Error('disk I/O error'), { code: 'ERR_SQLITE_ERROR', errcode: 10 })
    }
    const { run, get } = StatementSync.prototype
    using _run = vi.spyOn(StatementSync.prototype, 'run').mockImplementation(function (this: StatementSync, ...args) {
      return broken && this.sourceSQL === 'COMMIT' ? fail() : run.apply(this, args)
    })
    using _get = vi.spyOn(StatementSync.prototype, 'get').mockImplementation(function (this: StatementSync, ...args) {
      return broken && this.sourceSQL.includes('FROM queues') ? fail() : get.apply(this, args)
    })
    const puts = [queue.put(2), other.put(3)]
    for (const put of puts) await expect(put).rejects.toMatchObject({ code: 'ERR_STORE_IO' })
    broken = false
    expect([(await queue.counts()).pending, (await other.counts()).pending]).toEqual([1, 0])
    await Promise.all([queue.put(4), other.put(5)])
    expect([(await queue.counts()).pending, (await other.counts()).pending]).toEqual([2, 1])
  })
})

describe('opening a queue', () => {
  it('on a full disk leaves nothing open, and works when there is room', async () => {
    using folder = new Folder()
    const store = sqliteStore(folder.file('jobs.db'), { durability: 'process' })
    await using queue = await openQueue({ name: 'q', store })
    await using other = await open(folder.file('jobs.db'))
    const empty = fillDisk()
    await expect(openQueue({ name: 'new', store })).rejects.toMatchObject({ code: 'ERR_STORE_FULL' })
    await expect(openQueue({ name: 'q', store, width: 77 })).rejects.toMatchObject({ code: 'ERR_STORE_FULL' })
    empty()
    expect((await queue.status()).width).not.toBe(77)
    await using late = await openQueue({ name: 'new', store, width: 3 })
    await other.setWidth(5)
    expect([(await late.status()).width, (await queue.status()).width]).toEqual([3, 5])
  })

  it('can be given up, and then holds nothing open', async () => {
    using folder = new Folder()
    const opening = open(folder.file('jobs.db'))
    opening.cancel()
    await expect(opening).rejects.toMatchObject({ code: 'ERR_CANCELLED' })
    // Comes after it in line, and is the last to leave.
    await (await open(folder.file('jobs.db'))).stop()
    expect(readdirSync(folder.path)).toEqual(['jobs.db'])
  })
})

describe('several queues in one file', () => {
  it('of different names are apart, and of one name are one', async () => {
    using folder = new Folder()
    const store = sqliteStore(folder.file('jobs.db'), { durability: 'process' })
    await using a = await openQueue({ name: 'a', store, width: 1 })
    await using again = await openQueue({ name: 'a', store })
    await using b = await openQueue({ name: 'b', store, width: 2 })
    await a.put(1)
    await again.setWidth(5)
    expect([await a.counts(), (await a.status()).width]).toEqual([await again.counts(), 5])
    expect([(await b.counts()).pending, (await b.status()).width]).toEqual([0, 2])
    const job = await a.put(2)
    const watching = job.watch()
    await again.cancel(job.id)
    await expect(watching).rejects.toMatchObject({ code: 'ERR_JOB_CANCELLED' })
  })
})

describe('what is claimed', () => {
  it('is known until its end, and need not be looked for', async () => {
    await using claimer = await Claimer.open()
    const { claimed } = await claimer.exchange({ places: 1 })
    expect(await findings(async () => expect(await claimer.finish(claimed[0]!)).toBe(true))).toBe(0)
  })

  it('is forgotten when the claim was rolled back', async () => {
    await using claimer = await Claimer.open()
    const empty = fillDisk()
    await expect(claimer.exchange({ places: 1 })).rejects.toMatchObject({ code: 'ERR_STORE_FULL' })
    empty()
    const job = (await claimer.queue.job('a'))!
    expect([job.state, job.token]).toEqual(['pending', null])
    expect(await findings(async () => expect(await claimer.finish({ ...job, token: 'w.1' })).toBe(false))).toBe(1)
    const { claimed } = await claimer.exchange({ places: 1 })
    expect(await claimer.finish(claimed[0]!)).toBe(true)
  })

  it('is forgotten when the lease was lost', async () => {
    await using claimer = await Claimer.open()
    const { claimed } = await claimer.exchange({ places: 1 })
    const other = await claimer.openAgain()
    await other.recover(() => 0, 0, 'other')
    expect(await other.recover(() => 0, 30_000, 'other')).toBe(1)
    await other.close()
    expect(await claimer.queue.renew(claimer.worker, 0)).toBe(false)
    expect(await findings(async () => expect(await claimer.finish(claimed[0]!)).toBe(false))).toBe(1)
  })
})
