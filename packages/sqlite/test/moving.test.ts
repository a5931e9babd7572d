import { memoryStore, moveQueue, openQueue } from '@potoroo/queue'
import { sqliteStore } from '@potoroo/sqlite'
import { checkStarts } from '@potoroo/store-tests'
import { Deferred } from 'potoroo'
import { expect, it } from 'vitest'
import { Folder } from './folder.ts'
import { Program } from './program.ts'

const open = (path: string) => sqliteStore(path, { durability: 'process' })
const flow = (role: 'work' | 'put', path: string): Program => new Program(role, path, 'flow-program.ts')

it('a queue that several processes put to and work on moves to another file, and others work on it there', async () => {
  using folder = new Folder()
  const [old, fresh] = [folder.file('old.db'), folder.file('fresh.db')]
  await using first = flow('work', old)
  await using second = flow('work', old)
  await using mine = flow('put', old)
  await using theirs = flow('put', old)
  // Already there, and waiting.
  await using next = flow('work', fresh)
  for (const program of [first, second, mine, theirs, next]) await program.says('ready')
  await Promise.all([first.says('run', 20), second.says('run', 20), mine.says('put', 30)])

  await moveQueue(open(old), open(fresh), 'q')
  for (const producer of [mine, theirs]) await producer.says('ERR_QUEUE_MOVED')

  const queue = await openQueue<number>({ name: 'q', store: open(fresh) })
  // Perhaps all had been run by then that came along.
  const last = await queue.put(0)
  await queue.idle()
  const workers = [first, second, next]
  for (const worker of workers) worker.tell('stop')
  for (const program of [...workers, mine, theirs]) await program.says('stopped')
  const words = (program: Program, first: string): string[][] =>
    program.lines.map((line) => line.split(' ')).filter(([word]) => word === first)
  const put = [last.id, ...[mine, theirs].flatMap((producer) => words(producer, 'put').map(([, id]) => id!))]
  const runs = workers.flatMap((worker) => words(worker, 'run')).map(([, id, start, stop]) => ({ id: id!, start: Number(start), stop: Number(stop) }))
  expect(words(next, 'run').length).toBeGreaterThan(0)
  // Each was run once, here or there, and the limits hold over both.
  expect(runs.map(({ id }) => id).sort()).toEqual(put.toSorted())
  expect(checkStarts(runs, [{ from: 0, width: 3, rate: { limit: 30, per: 100 } }])).toBe(null)
  expect((await queue.counts()).finished).toBe(put.length)
  for (const id of put) expect((await queue.job(id)).attempt).toBe(1)
  await queue.stop()
})

it('the jobs of a process that is killed while their queue moves are taken back, and move, too', async () => {
  using folder = new Folder()
  const path = folder.file('jobs.db')
  const to = memoryStore()
  const producer = await openQueue<string>({ name: 'q', store: open(path), width: 1 })
  const [held] = await producer.putMany([{ arg: 'a' }, { arg: 'b' }])
  {
    await using program = new Program('work', path)
    await program.says(`start ${held!.id}`)
    const seen = new Deferred()
    const moving = moveQueue(open(path), to, 'q', { onProgress: ({ underway }) => underway === 1 && !seen.called && seen.callback() })
    await seen
    await program[Symbol.asyncDispose]()
    expect((await moving).moved).toBe(2)
  }
  await producer.stop()
  const queue = await openQueue<string>({ name: 'q', store: to })
  expect((await queue.list()).jobs.map(({ arg, state, attempt }) => [arg, state, attempt])).toEqual([['a', 'pending', 1], ['b', 'pending', 0]])
  expect((await queue.history(held!.id)).attempts).toMatchObject([{ outcome: 'lost' }])
  await queue.stop()
})

it('a queue is not moved to the same file by another name, and works as before', async () => {
  using folder = new Folder()
  const path = folder.file('jobs.db')
  const queue = await openQueue<number>({ name: 'q', store: open(path), width: 4 })
  await queue.setWidth(6)
  const move = () => moveQueue(open(path), open(path), 'q').then(null, (error: unknown) => (error as { code: string }).code)
  expect(await move()).toBe('ERR_SAME_STORE')
  expect(await queue.status()).toMatchObject({ width: 6, rate: null, paused: false, heldUntil: 0 })
  await queue.put(1)
  expect(await move()).toBe('ERR_QUEUE_EXISTS')
  await queue.put(2)
  await queue.stop()
  const again = await openQueue<number>({ name: 'q', store: open(path), width: 4 })
  expect(await again.status()).toMatchObject({ width: 6, counts: { pending: 2 } })
  await again.stop()
})

it('a queue that has left is not brought back to life by a move to where it was, by another name', async () => {
  using folder = new Folder()
  const [old, fresh] = [folder.file('old.db'), folder.file('fresh.db')]
  const queue = await openQueue<number>({ name: 'q', store: open(old) })
  await queue.put(1)
  await queue.stop()
  await moveQueue(open(old), open(fresh), 'q')
  const code = (work: PromiseLike<unknown>): Promise<string> => Promise.resolve(work).then(() => 'done', (error: unknown) => (error as { code: string }).code)
  expect(await code(moveQueue(open(old), open(old), 'q'))).toBe('ERR_SAME_STORE')
  expect(await code(openQueue({ name: 'q', store: open(old) }))).toBe('ERR_QUEUE_MOVED')
  // Run again, the move that was made is made.
  expect(await code(moveQueue(open(old), open(fresh), 'q'))).toBe('done')
  await using there = await openQueue<number>({ name: 'q', store: open(fresh) })
  expect((await there.counts()).pending).toBe(1)
})
