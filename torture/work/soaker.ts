import { openQueue } from '@potoroo/queue'
import { Deferred } from 'potoroo'
import { createInterface } from 'node:readline'
import { openStore } from './store.ts'

// A program for the soak: puts jobs at a pace, or runs them, and says now and then how long that takes and what it needs.

/** What it is started with. */
export interface SoakOrder {
  readonly store: string
  readonly queue: string
  /** Milliseconds that a job is kept when it is over. */
  readonly keep: number
  /** Null: it runs jobs. Else it puts so many, over so many seconds, in so many waves. */
  readonly load: { readonly jobs: number; readonly seconds: number; readonly waves: number } | null
}

/** What it says: times in ms, a choice of those since it was asked last. */
export interface SoakAnswer {
  readonly rss: number
  readonly heap: number
  /** Jobs that it has put, or run. */
  readonly done: number
  readonly latencies: readonly number[]
}

/** How many latencies are kept between two questions: of more, a random choice. */
const KEPT = 1_000
/** Milliseconds between puts. */
const TICK = 20

const order = JSON.parse(process.argv[2]!) as SoakOrder
const say = (line: string): void => void process.stdout.write(`${line}\n`)
/** The same in all processes. */
const now = (): number => performance.timeOrigin + performance.now()

let done = 0
let seen = 0
let latencies: number[] = []
function note(latency: number): void {
  done++
  seen++
  if (latencies.length < KEPT) latencies.push(latency)
  else if (Math.random() * seen < KEPT) latencies[Math.floor(Math.random() * KEPT)] = latency
}

const queue = await openQueue<{ at: number; text: string }, string>({
  name: order.queue,
  store: openStore(order.store),
  keep: { finished: order.keep, failed: order.keep },
  localWidth: 10,
  ...(order.load === null && {
    handler: ({ at }) => {
      note(now() - at)
      const work = new Deferred<string>()
      setTimeout(() => work.callback('sent'), 2)
      return work
    },
  }),
})
say('ready')

/** How much of the whole load is to have been put by then: rising and falling around a straight line, from 0.2 to 1.8 times it. */
function share(elapsed: number, waves: number): number {
  return Math.min(1, elapsed - (0.8 * Math.sin(2 * Math.PI * waves * elapsed)) / (2 * Math.PI * waves))
}

async function put({ jobs, seconds, waves }: NonNullable<SoakOrder['load']>): Promise<void> {
  const began = now()
  for (let asked = 0; asked < jobs; ) {
    const due = Math.floor(jobs * share((now() - began) / 1_000 / seconds, waves)) - asked
    asked += due
    const at = now()
    // One by one, as they would come in, all of a moment in one commit.
    const puts = Array.from({ length: due }, () => queue.put({ at, text: 'hop '.repeat(20) }).addCallback(() => note(now() - at)))
    await Promise.all(puts)
    await new Promise((resolve) => setTimeout(resolve, TICK))
  }
  say('put')
}

// A put that fails is the end of it: nobody disturbs the queue here.
if (order.load !== null) void put(order.load)
/** Told to stop; else the end of the input means that whoever gave the orders is gone. */
let told = false
for await (const line of createInterface(process.stdin)) {
  told = line === 'stop'
  if (told) break
  globalThis.gc?.()
  const { rss, heapUsed } = process.memoryUsage()
  say(`sample ${JSON.stringify({ rss, heap: heapUsed, done, latencies } satisfies SoakAnswer)}`)
  latencies = []
  seen = 0
}
if (!told) process.exit(1)
await queue.stop()
process.stdin.destroy()
