import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { type DurableQueue, openQueue } from '@potoroo/queue'
import { sqliteStore } from '@potoroo/sqlite'
import { interleaved, median, type Row } from './measure.ts'
import { inFolder } from './sqlite/folder.ts'

const TIMES = 50
/** Milliseconds after which what the last job did is over everywhere. */
const QUIET = 20

/** From one process to another on the same file, there and back by a pipe: so the pipe's time is in the figures, too. */
export async function rows(): Promise<Row[]> {
  const figures = await interleaved([
    { name: 'put', run: () => withWorker(putToStart) },
    { name: 'cancel', run: () => withWorker(cancelToAbort) },
  ])
  const row = (what: string, name: string, most: number): Row => ({
    what,
    unit: 'ms',
    ours: figures.get(name)!,
    peers: [],
    target: `≤ ${most} ms`,
    met: figures.get(name)! <= most,
  })
  return [
    row('SQLite, idle put → handler starts, in another process, durability process', 'put', 10),
    row('SQLite, cancel → signal of the handler aborted, in another process, durability process', 'cancel', 100),
  ]
}

async function putToStart(queue: DurableQueue<unknown>, worker: ChildProcess): Promise<number> {
  const start = performance.now()
  const put = queue.put({ waits: false })
  await once(worker, 'message')
  const figure = performance.now() - start
  await (await put).watch()
  return figure
}

async function cancelToAbort(queue: DurableQueue<unknown>, worker: ChildProcess): Promise<number> {
  const started = once(worker, 'message')
  const job = await queue.put({ waits: true })
  await started
  await quiet()
  const start = performance.now()
  const cancelled = job.cancel()
  await once(worker, 'message')
  const figure = performance.now() - start
  await cancelled
  await queue.idle()
  return figure
}

/** The median of many measurements with a process that works on the file's queue. */
function withWorker(measure: typeof putToStart): Promise<number> {
  return inFolder(async (path) => {
    const worker = fork(fileURLToPath(new URL('./sqlite/worker.ts', import.meta.url)), [path])
    await once(worker, 'message')
    const queue = await openQueue<unknown>({ name: 'bench', store: sqliteStore(path, { durability: 'process' }) })
    const figures: number[] = []
    for (let i = 0; i < TIMES; i++) {
      await quiet()
      figures.push(await measure(queue, worker))
    }
    await queue.stop()
    worker.send('stop')
    await once(worker, 'exit')
    return median(figures)
  })
}

function quiet(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, QUIET))
}
