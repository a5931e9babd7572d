import { ResizableDispatchQueue } from 'potoroo'
import { type Contender, interleaved, median, type Row } from './measure.ts'
import { peer } from './peers.ts'

/** What of the peers is used here. */
interface Fastq {
  default: {
    promise(worker: (n: number) => Promise<number>, concurrency: number): { push(n: number): Promise<number> }
  }
}
interface PLimit {
  default(concurrency: number): (fn: (n: number) => Promise<number>, n: number) => Promise<number>
}
interface PQueue {
  default: new (options: { concurrency: number }) => {
    add(fn: () => Promise<number>, options?: { priority: number }): Promise<number>
  }
}
type Done = (error: Error | null, result?: number) => void
interface Async {
  default: {
    priorityQueue(
      worker: (n: number) => Promise<number>,
      concurrency: number,
    ): { push(n: number, priority: number, done: Done): void; pushAsync(n: number, priority: number): Promise<number> }
  }
}

const WIDTH = 10
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

/** Jobs per second: `put` each of them, see to it that the function given is called with each result, wait for the last. */
async function perSecond(jobs: number, put: (n: number, onResult: (result: number) => void) => void): Promise<number> {
  let sum = 0
  let left = jobs
  const start = performance.now()
  await new Promise<void>((resolve) => {
    const onResult = (result: number): void => {
      sum += result
      if (--left === 0) resolve()
    }
    for (let n = 0; n < jobs; n++) put(n, onResult)
  })
  const seconds = (performance.now() - start) / 1000
  if (sum !== (jobs * (jobs - 1)) / 2) throw new Error('Not every job has given its result')
  return jobs / seconds
}

async function inOrder(): Promise<Row> {
  const { default: fastq } = await peer<Fastq>('fastq')
  const { default: pLimit } = await peer<PLimit>('p-limit')
  const { default: PQueue } = await peer<PQueue>('p-queue')
  const contenders: Contender[] = [
    {
      name: 'potoroo',
      run() {
        const queue = new ResizableDispatchQueue(work, { width: WIDTH })
        return perSecond(JOBS, (n, onResult) => queue.put(n).addCallback(({ result }) => onResult(result as number)))
      },
    },
    {
      name: 'fastq.promise',
      run() {
        const queue = fastq.promise(work, WIDTH)
        return perSecond(JOBS, (n, onResult) => void queue.push(n).then(onResult))
      },
    },
    {
      name: 'p-limit',
      run() {
        const limit = pLimit(WIDTH)
        return perSecond(JOBS, (n, onResult) => void limit(work, n).then(onResult))
      },
    },
    {
      name: 'p-queue',
      run() {
        const queue = new PQueue({ concurrency: WIDTH })
        return perSecond(JOBS, (n, onResult) => void queue.add(() => work(n)).then(onResult))
      },
    },
  ]
  const figures = await interleaved(contenders)
  return row('In-memory queue, 100,000 jobs, a result per job, width 10', contenders, figures, '≥ 2.5× fastq.promise, ≥ 5× p-queue', (ours) =>
    ours >= 2.5 * figures.get('fastq.promise')! && ours >= 5 * figures.get('p-queue')!,
  )
}

/** The same numbers in each run. */
function randomPriorities(count: number): Float64Array {
  const priorities = new Float64Array(count)
  let state = 12_345
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 1
    priorities[i] = state
  }
  return priorities
}

async function byPriority(): Promise<Row[]> {
  const { default: async } = await peer<Async>('async')
  const priorities = randomPriorities(MANY)
  const ours = (jobs: number) => (): Promise<number> => {
    const queue = new ResizableDispatchQueue(work, { width: WIDTH })
    return perSecond(jobs, (n, onResult) =>
      queue.put(n, { priority: priorities[n] as number }).addCallback(({ result }) => onResult(result as number)),
    )
  }
  const theirs = (jobs: number) => (): Promise<number> => {
    const queue = async.priorityQueue(work, WIDTH)
    return perSecond(jobs, (n, onResult) => queue.push(n, priorities[n] as number, (_, result) => onResult(result as number)))
  }
  const contenders: Contender[] = [
    { name: 'potoroo', run: ours(MANY) },
    {
      name: 'async.priorityQueue, a promise',
      run() {
        const queue = async.priorityQueue(work, WIDTH)
        return perSecond(MANY, (n, onResult) => void queue.pushAsync(n, priorities[n] as number).then(onResult))
      },
    },
    { name: 'async.priorityQueue, a callback', run: theirs(MANY) },
  ]
  const figures = await interleaved(contenders)
  const peers = contenders.slice(1).map(({ name }) => figures.get(name)!)
  const whole = row('The same with 1,000,000 random priorities', contenders, figures, '≥ async.priorityQueue with a result per job', (ours) =>
    ours >= Math.max(...peers),
  )
  const few = await interleaved([
    { name: 'potoroo', run: () => repeat(ours(FEW), 10) },
    { name: 'async.priorityQueue, a callback', run: () => repeat(theirs(FEW), 10) },
  ])
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

async function repeat(run: () => Promise<number>, times: number): Promise<number> {
  const figures: number[] = []
  for (let i = 0; i < times; i++) figures.push(await run())
  return median(figures)
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
