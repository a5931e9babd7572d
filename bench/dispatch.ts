import { ResizableDispatchQueue } from 'potoroo'
import { randomPriorities } from './dispatch/contenders.ts'
import { OwnProcesses } from './dispatch/own-process.ts'
import { type Contender, interleaved, median, type Row } from './measure.ts'

const JOBS = 100_000
const MANY = 1_000_000
const FEW = 10_000
/** Out of 100,000 pending. */
const CHANGED = 20_000

/** The same for all: does nothing, but asynchronously, as work does. */
const work = async (n: number): Promise<number> => n

export async function rows(): Promise<Row[]> {
  return [await inOrder(), ...(await byPriority()), ...(await changes()), bytes()]
}

async function inOrder(): Promise<Row> {
  using processes = await OwnProcesses.start('inOrder')
  // The first of several pays for what the system has taken back while others ran.
  const contenders = processes.contenders(JOBS, 5)
  const figures = await interleaved(contenders, 9)
  return row('In-memory queue, 100,000 jobs, a result per job, width 10', contenders, figures, '≥ 2.5× fastq.promise, ≥ 5× p-queue', (ours) =>
    ours >= 2.5 * figures.get('fastq.promise')! && ours >= 5 * figures.get('p-queue')!,
  )
}

async function byPriority(): Promise<Row[]> {
  using processes = await OwnProcesses.start('byPriority')
  const contenders = processes.contenders(MANY)
  const figures = await interleaved(contenders)
  const peers = contenders.slice(1).map(({ name }) => figures.get(name)!)
  const whole = row('The same with 1,000,000 random priorities', contenders, figures, '≥ async.priorityQueue with a result per job', (ours) =>
    ours >= Math.max(...peers),
  )
  const few = await interleaved(processes.contenders(FEW, 20))
  // Were it n log n to the letter, a job would take 1.5 times as long: but a million do not fit into the caches, whatever one does.
  const growth = (name: string): number => few.get(name)! / figures.get(name)!
  const [ourGrowth, theirGrowth] = [growth('potoroo'), growth('async.priorityQueue, a callback')]
  const logarithms = Math.log(MANY) / Math.log(FEW)
  return [
    whole,
    {
      what: 'Time per job, 1,000,000 priorities against 10,000',
      unit: '×',
      ours: ourGrowth,
      peers: [{ name: 'async.priorityQueue, a callback', value: theirGrowth }],
      // What grows as n² would take a hundred times as long.
      target: `n log n: ${logarithms.toFixed(2)}×, and what caches cost; at most twice that of a binary heap`,
      met: ourGrowth <= 2 * theirGrowth,
    },
  ]
}

async function changes(): Promise<Row[]> {
  const priorities = randomPriorities(JOBS)
  /** Milliseconds for `change`, to every fifth of the pending jobs. */
  const changing = (change: (job: ReturnType<ResizableDispatchQueue<number, number>['pending']>[number], i: number) => void) => (): number => {
    const queue = new ResizableDispatchQueue(work)
    const jobs = Array.from({ length: JOBS }, (_, n) => {
      const deferred = queue.put(n, { priority: priorities[n] as number })
      deferred.addErrback(() => {})
      return deferred.job
    })
    const start = performance.now()
    for (let i = 0; i < CHANGED; i++) change(jobs[i * 5]!, i)
    return performance.now() - start
  }
  const contenders: Contender[] = [
    { name: 'reprioritize', run: changing((job, i) => job.reprioritize(priorities[JOBS - 1 - i] as number)) },
    { name: 'cancel', run: changing((job) => job.cancel()) },
  ]
  const figures = await interleaved(contenders)
  return contenders.map(({ name }) => {
    const ours = figures.get(name)!
    return { what: `${name} 20,000 of 100,000 pending`, unit: 'ms', ours, peers: [], target: '< 50 ms', met: ours < 50 }
  })
}

/** Heap bytes of a pending job, with the deferred that `put` gave and a callback on it. */
function bytes(): Row {
  const onJob = (): void => {}
  const measure = (): number => {
    const queue = new ResizableDispatchQueue(work)
    globalThis.gc?.()
    const before = process.memoryUsage().heapUsed
    for (let n = 0; n < JOBS; n++) queue.put(n).addCallback(onJob)
    globalThis.gc?.()
    const each = (process.memoryUsage().heapUsed - before) / JOBS
    queue.clearQueue()
    return each
  }
  const ours = median(Array.from({ length: 5 }, measure))
  return { what: 'A pending job, its deferred included', unit: 'bytes', ours, peers: [], target: '–', met: null }
}

function row(
  what: string,
  contenders: readonly Contender[],
  figures: Map<string, number>,
  target: string,
  met: (ours: number) => boolean,
): Row {
  const ours = figures.get('potoroo') ?? NaN
  const peers = contenders.slice(1).map(({ name }) => ({ name, value: figures.get(name) ?? NaN }))
  return { what, unit: 'jobs/s', ours, peers, target, met: met(ours) }
}
