import { ResizableDispatchQueue } from 'potoroo'
import { peer } from '../peers.ts'

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

/** Puts a job, and sees to it that a function is called with its result. */
type Put = (n: number, onResult: (result: number) => void) => void

const WIDTH = 10
const MOST = 1_000_000

/** The same for all: does nothing, but asynchronously, as work does. */
const work = async (n: number): Promise<number> => n

/** The same numbers in each run. */
export function randomPriorities(count: number): Float64Array {
  const priorities = new Float64Array(count)
  let state = 12_345
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 1
    priorities[i] = state
  }
  return priorities
}

const byPriority = {
  async potoroo() {
    const priorities = randomPriorities(MOST)
    return (): Put => {
      const queue = new ResizableDispatchQueue(work, { width: WIDTH })
      return (n, onResult) => queue.put(n, { priority: priorities[n] as number }).addCallback(({ result }) => onResult(result as number))
    }
  },
  async 'async.priorityQueue, a promise'() {
    const { default: async } = await peer<Async>('async')
    const priorities = randomPriorities(MOST)
    return (): Put => {
      const queue = async.priorityQueue(work, WIDTH)
      return (n, onResult) => void queue.pushAsync(n, priorities[n] as number).then(onResult)
    }
  },
  async 'async.priorityQueue, a callback'() {
    const { default: async } = await peer<Async>('async')
    const priorities = randomPriorities(MOST)
    return (): Put => {
      const queue = async.priorityQueue(work, WIDTH)
      return (n, onResult) => queue.push(n, priorities[n] as number, (_, result) => onResult(result as number))
    }
  },
}

const inOrder = {
  async potoroo() {
    return (): Put => {
      const queue = new ResizableDispatchQueue(work, { width: WIDTH })
      return (n, onResult) => queue.put(n).addCallback(({ result }) => onResult(result as number))
    }
  },
  async 'fastq.promise'() {
    const { default: fastq } = await peer<Fastq>('fastq')
    return (): Put => {
      const queue = fastq.promise(work, WIDTH)
      return (n, onResult) => void queue.push(n).then(onResult)
    }
  },
  async 'p-limit'() {
    const { default: pLimit } = await peer<PLimit>('p-limit')
    return (): Put => {
      const limit = pLimit(WIDTH)
      return (n, onResult) => void limit(work, n).then(onResult)
    }
  },
  async 'p-queue'() {
    const { default: PQueue } = await peer<PQueue>('p-queue')
    return (): Put => {
      const queue = new PQueue({ concurrency: WIDTH })
      return (n, onResult) => void queue.add(() => work(n)).then(onResult)
    }
  },
}

/** Each makes what makes a queue. The first is ours. */
export const CONTESTS: Readonly<Record<'inOrder' | 'byPriority', Readonly<Record<string, () => Promise<() => Put>>>>> = { inOrder, byPriority }
export type Contest = keyof typeof CONTESTS

/** Jobs per second: puts so many, with nothing else to do, and waits until every one has given its result. */
export async function perSecond(jobs: number, put: Put): Promise<number> {
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
