import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { sqliteStore } from '@potoroo/sqlite'
import { interleaved, type Row } from './measure.ts'
import { inFolder } from './sqlite/folder.ts'
import { cancelToAbort, inTwoProcesses, putToStart, type Question } from './processes/two-processes.ts'

const TIMES = 50

/** From one process to another on the same file, there and back by a pipe: so the pipe's time is in the figures, too. */
export async function rows(): Promise<Row[]> {
  const figures = await interleaved([
    { name: 'put', run: () => onOneFile(putToStart) },
    { name: 'cancel', run: () => onOneFile(cancelToAbort) },
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

function onOneFile(question: Question): Promise<number> {
  return inFolder((path) => {
    const worker = fork(fileURLToPath(new URL('./sqlite/worker.ts', import.meta.url)), [path])
    return inTwoProcesses(worker, { name: 'bench', store: sqliteStore(path, { durability: 'process' }) }, TIMES, question)
  })
}
