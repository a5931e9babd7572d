import { type DurableJob, memoryStore, openQueue } from '@potoroo/queue'
import { type Awaitable, type Job, ManualClock, ResizableDispatchQueue } from 'potoroo'
import { getEventListeners } from 'node:events'
import { heap, resources } from '../memory.ts'
import type { Random } from '../random.ts'
import type { Options, Scenario } from '../scenario.ts'
import { NONSENSE, UNLOOKABLE } from '../work/handlers.ts'

const AT_ONCE = 200
const TIMEOUT = 50
/** Bytes by which the heap may seem to have grown, for reasons of its own. */
const NOISE = { short: 1_500_000, long: 4_000_000 }
const SAMPLES = 10

/** A queue that jobs are thrown at. */
interface Target {
  readonly name: string
  readonly clock: ManualClock
  /** Puts so many jobs, and resolves when all are over and forgotten. */
  run(jobs: number): Promise<void>
  /** What should be gone when nothing is pending, in words. */
  leftBehind(): string[]
  stop(): PromiseLike<unknown>
}

/** What a handler is given of its job. */
interface Running {
  readonly signal: AbortSignal
  report(progress: unknown): void
}

/** A million puts with handlers that do anything but what they should: nothing is left of them. */
export const leaks: Scenario = {
  name: 'leaks',
  about: 'a million jobs (short: 20,000) throw, hang, return nonsense or report without end, in memory: the heap stays flat, no timer or listener is left',
  async run(random, options) {
    const faults: string[] = []
    // Of some nonsense nobody else wants to hear: it has been told to whoever put it.
    for (const make of [inMemory, durable]) faults.push(...(await exhaust(await make(random), options)))
    return faults
  },
}

async function exhaust(target: Target, { short, log }: Options): Promise<string[]> {
  const { name, clock } = target
  const jobs = (short ? 20_000 : 1_000_000) / SAMPLES
  const faults: string[] = []
  const before = resources()
  await target.run(jobs)
  const timers = clock.pendingTimers
  const heaps = [await heap()]
  for (let sample = 1; sample < SAMPLES; sample++) {
    await target.run(jobs)
    heaps.push(await heap())
    faults.push(...target.leftBehind().map((what) => `${name}: ${what}`))
    if (clock.pendingTimers > timers) faults.push(`${name}: ${clock.pendingTimers} timers are set, and there were ${timers}`)
  }
  const limit = short ? NOISE.short : NOISE.long
  // By halves: what is needed once is not a leak.
  const growth = Math.min(...heaps.slice(-3)) - Math.min(...heaps.slice(0, 3))
  log(`  ${name}: ${SAMPLES * jobs} jobs, heap in MB: ${heaps.map((bytes) => (bytes / 1e6).toFixed(1)).join(' ')}`)
  if (growth > limit) faults.push(`${name}: the heap has grown by ${growth} bytes over ${jobs * (SAMPLES - 1)} jobs`)
  await target.stop()
  if (clock.pendingTimers > 0) faults.push(`${name}: ${clock.pendingTimers} timers are left after the stop`)
  const after = resources()
  for (const [kind, count] of Object.entries(after)) if (count > (before[kind] ?? 0)) faults.push(`${name}: a ${kind} is left`)
  return faults
}

/** The ways of a handler, by the number of its job. */
function misbehave(n: number, job: Running, clock: ManualClock, random: Random, nonsense: typeof NONSENSE): Awaitable<unknown> {
  switch (n % 6) {
    case 0:
      throw new Error('At once')
    case 1:
      return Promise.resolve().then(() => {
        throw new Error('Later')
      })
    case 2:
      // Hangs, and lets go when it is told to.
      return new Promise((_, reject) => job.signal.addEventListener('abort', () => reject(new Error('Told to stop'))))
    case 3:
      return random.pick(nonsense)()
    case 4:
      return new Promise<string>((resolve) => {
        const again = (i: number): void => {
          job.report({ i })
          if (job.signal.aborted) resolve('at last')
          else clock.setTimeout(() => again(i + 1), 10)
        }
        again(0)
      })
    default:
      return n
  }
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve))
}

function inMemory(random: Random): Target {
  const clock = new ManualClock()
  const shared = new AbortController()
  const queue = new ResizableDispatchQueue<number, unknown>((n, job) => misbehave(n, job, clock, random, NONSENSE), { width: AT_ONCE, clock })
  let told = 0
  return {
    name: 'ResizableDispatchQueue',
    clock,
    async run(jobs) {
      const wanted = told + jobs
      for (let put = 0; put < jobs; put += AT_ONCE) {
        const running: Job<number, unknown>[] = []
        for (let i = 0; i < AT_ONCE; i++) {
          const deferred = queue.put(put + i, { timeout: TIMEOUT, signal: shared.signal })
          running.push(deferred.job)
          deferred.addBoth(() => void told++)
        }
        // Some are not waited for, but cancelled; some are watched, and then not.
        for (const job of running.slice(0, 12)) job.cancel('Enough')
        for (const job of running.slice(12, 24)) job.watch().addBoth(() => undefined).cancel()
        await turns(2)
        clock.advance(2 * TIMEOUT)
        await turns(2)
      }
      if (told !== wanted) throw new Error(`${told} of ${wanted} jobs were told of`)
      await queue.idle()
    },
    leftBehind() {
      const listeners = getEventListeners(shared.signal, 'abort').length
      return listeners === 0 ? [] : [`${listeners} listeners are left on a signal`]
    },
    stop: () => queue.stop(),
  }
}

async function durable(random: Random): Promise<Target> {
  const clock = new ManualClock(Date.UTC(2026, 0))
  const queue = await openQueue<number, unknown>({
    name: 'leaks',
    store: memoryStore(),
    handler: (n, job: DurableJob<number, unknown>) => misbehave(n, job, clock, random, [...NONSENSE, ...UNLOOKABLE]),
    width: AT_ONCE,
    timeout: TIMEOUT,
    retry: { maxAttempts: 2, backoff: [5] },
    keep: { finished: 1, failed: 1 },
    clock,
  })
  const total = async (): Promise<number> => Object.values(await queue.counts()).reduce((sum, count) => sum + count, 0)
  return {
    name: 'the durable queue',
    clock,
    async run(jobs) {
      for (let put = 0; put < jobs; put += AT_ONCE) {
        const stopObserving = queue.observe(() => undefined)
        const events = queue.events()
        const running = await queue.putMany(Array.from({ length: AT_ONCE }, (_, i) => ({ arg: put + i })))
        const cancelled = running.slice(0, 12).map((job) => job.cancel('Enough').addErrback(() => undefined))
        const watching = running.slice(12, 36).map((job) => job.watch().addBoth(() => undefined))
        for (const each of watching.slice(0, 12)) each.cancel()
        const idle = queue.idle()
        for (let done = false; !done; done = idle.called) {
          clock.advance(TIMEOUT / 2)
          await turns(3)
        }
        await Promise.all([...cancelled, ...watching, idle])
        stopObserving()
        await events.return!()
      }
      // What is over is pruned, and so forgotten.
      while ((await total()) > 0) {
        clock.advance(60_000)
        await turns(3)
      }
    },
    leftBehind: () => [],
    stop: () => queue.stop(),
  }
}
