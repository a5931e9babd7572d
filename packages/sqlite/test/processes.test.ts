import { type DurableQueue, openQueue, type QueueOptions } from '@potoroo/queue'
import { sqliteStore } from '@potoroo/sqlite'
import { ManualClock } from 'potoroo'
import { readdirSync } from 'node:fs'
import { DatabaseSync, StatementSync } from 'node:sqlite'
import { describe, expect, it, type MockInstance, vi } from 'vitest'
import { Folder } from './folder.ts'
import { Program } from './program.ts'

function open(folder: Folder, options: Partial<QueueOptions<unknown, string>> = {}) {
  return openQueue<unknown, string>({ name: 'q', store: sqliteStore(folder.file('jobs.db'), { durability: 'process' }), ...options })
}

async function start(folder: Folder, role: 'work' | 'put' = 'work'): Promise<Program> {
  const program = new Program(role, folder.file('jobs.db'))
  await program.says('ready')
  return program
}

const locks = (folder: Folder): string[] => readdirSync(folder.path).filter((name) => name.includes('-lock-'))

/** Whether nobody is in the middle of a commit. */
function mayWrite(folder: Folder): boolean {
  const database = new DatabaseSync(folder.file('jobs.db'))
  try {
    database.exec('PRAGMA busy_timeout = 0; BEGIN IMMEDIATE; ROLLBACK')
    return true
  } catch {
    return false
  } finally {
    database.close()
  }
}

/** Waits until no statement has been run for some turns of the event loop. */
async function untilQuiet(statements: MockInstance): Promise<void> {
  for (let quiet = 0, calls = -1; quiet < 200; quiet++) {
    if (statements.mock.calls.length !== calls) quiet = 0
    calls = statements.mock.calls.length
    await new Promise((resolve) => setImmediate(resolve))
  }
}

async function fail(queue: DurableQueue<unknown, string>, id: string): Promise<unknown> {
  const job = await queue.job(id)
  return job.watch().then(
    () => undefined,
    (error: unknown) => error,
  )
}

describe('a process that was killed', () => {
  it('has its jobs taken back at once by the next one, and its lock taken away', async () => {
    using folder = new Folder()
    await using producer = await open(folder)
    const jobs = await producer.putMany([{ arg: 'a' }, { arg: 'b' }, { arg: 'c' }])
    {
      await using program = await start(folder)
      await program.says('start', 3)
      program.tell(`finish ${jobs[2]!.id}`)
      await jobs[2]!.watch()
      expect(locks(folder).length).toBe(2)
    }
    const calls: [unknown, number][] = []
    await using queue = await open(folder, {
      handler: (arg, { attempt }) => {
        calls.push([arg, attempt])
        return 'mine'
      },
    })
    // Open, it has them back already.
    expect(await queue.counts()).toMatchObject({ finished: 1, failed: 0 })
    for (const job of jobs.slice(0, 2)) expect((await job.watch()).result).toBe('mine')
    expect(calls).toEqual([['a', 2], ['b', 2]])
    expect(locks(folder).length).toBe(2)
  })

  it('during the last attempt of a job leaves that poisoned', async () => {
    using folder = new Folder()
    await using producer = await open(folder)
    const { id } = await producer.put('a', { maxAttempts: 1 })
    {
      await using program = await start(folder)
      await program.says('start')
    }
    await using _ = await open(folder, { handler: () => 'mine' })
    expect(await fail(producer, id)).toMatchObject({ job: { attempt: 1, error: { name: 'PoisonedJob', code: 'ERR_POISONED_JOB' } } })
  })

  it('leaves no lock behind for good, though it ran no jobs, and so nobody has any to take back', async () => {
    using folder = new Folder()
    const program = await start(folder, 'put')
    await program[Symbol.asyncDispose]()
    expect(locks(folder).length).toBe(1)
    await using _ = await open(folder)
    await using __ = await open(folder)
    // Those two's: nobody takes away what is still held.
    expect(locks(folder).length).toBe(2)
  })

  it('has lost nothing that it had acknowledged', async () => {
    using folder = new Folder()
    const program = await start(folder, 'put')
    await program.says('put', 200)
    await program[Symbol.asyncDispose]()
    const acknowledged = program.lines.filter((line) => line.startsWith('put ')).map((line) => line.slice(4))
    await using queue = await open(folder)
    for (const id of acknowledged) expect((await queue.job(id)).state).toBe('pending')
    expect((await queue.counts()).pending).toBeGreaterThanOrEqual(acknowledged.length)
  })
})

describe('a process that lives', () => {
  it('is not robbed by another that starts', async () => {
    using folder = new Folder()
    await using queue = await open(folder)
    const job = await queue.put('a')
    await using program = await start(folder)
    await program.says(`start ${job.id}`)
    {
      await using _ = await open(folder, { handler: () => 'mine' })
      expect(await queue.job(job.id)).toMatchObject({ state: 'underway', attempt: 1 })
    }
    program.tell(`finish ${job.id}`)
    expect(await job.watch()).toMatchObject({ result: 'theirs', attempt: 1 })
  })

  it('that is idle is woken by a put of another', async () => {
    using folder = new Folder()
    await using program = await start(folder)
    await using queue = await open(folder)
    for (let n = 1; n <= 3; n++) {
      const job = await queue.put(n)
      await program.says(`start ${job.id}`)
      program.tell(`finish ${job.id}`)
      expect((await job.watch()).result).toBe('theirs')
    }
  })

  it('that is idle is woken by the file system: it does not look every now and then', async () => {
    using folder = new Folder()
    const intervals: (() => void)[] = []
    const spy = vi.spyOn(globalThis, 'setInterval').mockImplementation((look) => {
      intervals.push(look as () => void)
      return undefined as unknown as NodeJS.Timeout
    })
    await using queue = await open(folder, { handler: (arg) => `done ${String(arg)}` }).finally(() => spy.mockRestore())
    // Its looks, for file systems that tell nothing, never come.
    expect(intervals.length).toBe(1)
    const statements = vi.spyOn(StatementSync.prototype, 'get')
    try {
      await using program = await start(folder, 'work')
      program.tell('stop')
      await program.ended()
      await untilQuiet(statements)
      statements.mockClear()
      for (let turn = 0; turn < 1_000; turn++) await new Promise((resolve) => setImmediate(resolve))
      expect(statements, 'Asked the database though nothing happens').not.toHaveBeenCalled()
    } finally {
      statements.mockRestore()
    }
    await using putting = await start(folder, 'put')
    const id = (await putting.says('put')).slice(4)
    expect((await (await queue.job(id)).watch()).result).toBe('done 0')
  })

  it('finds the job of another that was moved before its own', async () => {
    using folder = new Folder()
    await using program = await start(folder)
    await using queue = await open(folder)
    await queue.setWidth(1)
    const [first, second, third] = await queue.putMany([{ arg: 'a' }, { arg: 'b' }, { arg: 'c' }])
    await program.says(`start ${first!.id}`)
    await queue.reprioritize(third!.id, -1)
    await queue.cancel(second!.id)
    program.tell(`finish ${first!.id}`)
    await program.says(`start ${third!.id}`)
    await expect(queue.reprioritize(third!.id, 5)).rejects.toMatchObject({ code: 'ERR_JOB_NOT_PENDING' })
    expect(program.lines).not.toContain(`start ${second!.id} 1`)
  })

  it('is told that its job was cancelled by another', async () => {
    using folder = new Folder()
    await using program = await start(folder)
    await using queue = await open(folder)
    const job = await queue.put('a')
    await program.says(`start ${job.id}`)
    await job.cancel('enough')
    await program.says(`aborted ${job.id}`)
    expect((await queue.status()).places).toBe(1)
    program.tell(`finish ${job.id}`)
    await queue.idle()
    expect(await queue.job(job.id)).toMatchObject({ state: 'cancelled', result: undefined })
  })

  it('goes by a width and a pause that another has set', async () => {
    using folder = new Folder()
    await using program = await start(folder)
    await using queue = await open(folder)
    await queue.setWidth(1)
    const jobs = await queue.putMany([{ arg: 'a' }, { arg: 'b' }, { arg: 'c' }])
    await program.says(`start ${jobs[0]!.id}`)
    await queue.setWidth(2)
    await program.says(`start ${jobs[1]!.id}`)
    const paused = queue.pause()
    // In force only with its commit; until then the other may claim what is next.
    await queue.status()
    for (const { id } of jobs.slice(0, 2)) program.tell(`finish ${id}`)
    await paused
    expect((await queue.job(jobs[2]!.id)).state).toBe('pending')
    await queue.resume()
    await program.says(`start ${jobs[2]!.id}`)
  })

  it('takes its lock away when it stops', async () => {
    using folder = new Folder()
    await using program = await start(folder)
    expect(locks(folder).length).toBe(1)
    program.tell('stop')
    await program.says('stopped')
    await program.ended()
    expect(readdirSync(folder.path)).toEqual(['jobs.db'])
  })
})

it('several processes that start at once on a new file make it together', async () => {
  using folder = new Folder()
  const programs = await Promise.all(Array.from({ length: 3 }, () => start(folder)))
  await using queue = await open(folder)
  const { id } = await queue.put('a')
  await Promise.race(programs.map((program) => program.says(`start ${id}`)))
  for (const program of programs) await program[Symbol.asyncDispose]()
})

describe('a process that sleeps past its lease', () => {
  it('loses its jobs to another, and its late result is refused', async () => {
    using folder = new Folder()
    const clock = new ManualClock(Date.now())
    await using program = await start(folder)
    await using producer = await open(folder)
    const job = await producer.put('a')
    await program.says(`start ${job.id}`)
    await program.sleep(() => mayWrite(folder))
    await using queue = await open(folder, { clock, lease: 5_000, handler: () => 'mine' })
    for (let looks = 0; looks < 3; looks++) {
      expect(await queue.job(job.id)).toMatchObject({ state: 'underway', attempt: 1 })
      clock.advance(5_000 / 3)
    }
    expect(await job.watch()).toMatchObject({ result: 'mine', attempt: 2 })
    program.wake()
    program.tell(`finish ${job.id}`)
    await program.says('warning A late result')
    expect(await queue.job(job.id)).toMatchObject({ result: 'mine', attempt: 2 })
  })

  it('is told that it lost its lease when it wakes, and works again', async () => {
    using folder = new Folder()
    const clock = new ManualClock(Date.now())
    await using program = await start(folder)
    await using producer = await open(folder)
    const job = await producer.put('a')
    await program.says(`start ${job.id}`)
    await program.sleep(() => mayWrite(folder))
    {
      await using queue = await open(folder, { clock, lease: 5_000, handler: () => 'mine' })
      for (let looks = 0; looks < 3; looks++) {
        clock.advance(5_000 / 3)
        await queue.counts()
      }
      await job.watch()
    }
    program.wake()
    await program.says(`aborted ${job.id}`)
    const next = await producer.put('b')
    await program.says(`start ${next.id}`)
    program.tell(`finish ${next.id}`)
    expect((await next.watch()).result).toBe('theirs')
  })
})
