import { type DurableJob, type DurableQueue, memoryStore, openQueue, type QueueOptions, type Store } from '@potoroo/queue'
import { ManualClock } from 'potoroo'
import { expect } from 'vitest'

export const NOW = Date.UTC(2026, 6, 26, 9, 30)

/** A call of the handler, which goes on until the test says how it ends; it does not listen to its signal. */
export interface Call<A = unknown> {
  readonly arg: A
  readonly job: DurableJob<A>
  finish(result?: unknown): void
  fail(error?: unknown): void
}

/** One queue on a store in memory, with time and the handler in a test's hands. */
export class Bench<A = unknown> implements AsyncDisposable {
  readonly clock: ManualClock
  readonly store: Store
  readonly warnings: Error[] = []
  /** In order. */
  readonly calls: Call<A>[] = []
  queue!: DurableQueue<A>
  readonly #sharesClock: boolean

  private constructor(clock: ManualClock | undefined, store: Store) {
    this.clock = clock ?? new ManualClock(NOW)
    this.#sharesClock = clock !== undefined
    this.store = store
  }

  /** @param options `handler: undefined` makes a producer; a clock is a ManualClock, of another bench for example */
  static async open<A = unknown>(options: Partial<QueueOptions<A, unknown>> = {}): Promise<Bench<A>> {
    const bench = new Bench<A>(options.clock as ManualClock | undefined, options.store ?? memoryStore())
    bench.queue = await openQueue<A>({
      name: 'q',
      handler: (arg, job) => bench.#call(arg, job),
      onWarning: (warning) => bench.warnings.push(warning),
      ...options,
      clock: bench.clock,
      store: bench.store,
    })
    return bench
  }

  #call(arg: A, job: DurableJob<A>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.calls.push({ arg, job, finish: (result = 'done') => resolve(result), fail: (error = new Error('It broke')) => reject(error) })
    })
  }

  /** What the handler has been called with. */
  get args(): A[] {
    return this.calls.map(({ arg }) => arg)
  }

  /** Waits for so many calls of the handler. */
  async called(times: number): Promise<void> {
    await until(() => this.calls.length >= times)
    expect(this.calls.length).toBe(times)
  }

  /** Waits until a job stands so. */
  async state(id: string, state: DurableJob['state']): Promise<DurableJob<A>> {
    for (let turn = 0; turn < 1_000; turn++) {
      const job = await this.queue.job(id)
      if (job.state === state) return job
      await settle()
    }
    throw new Error(`The job is still ${(await this.queue.job(id)).state}, not ${state}`)
  }

  /** Moves time on, and lets happen what that brings. */
  async advance(ms: number): Promise<void> {
    this.clock.advance(ms)
    await settle()
  }

  /** Ends what is underway, stops the queue, and looks for what it has left behind. */
  async [Symbol.asyncDispose](): Promise<void> {
    const stopped = this.queue.stop({ cancelUnderway: true })
    for (const call of this.calls) call.finish()
    await stopped
    // Of a clock that another bench has too, that one's timers may still be set.
    if (!this.#sharesClock) expect(this.clock.pendingTimers, 'timers left behind').toBe(0)
  }
}

/** Lets everything that is ready to happen happen: no time passes. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** Waits for something that needs no time, only turns of the event loop. */
export async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; !condition(); turn++) {
    if (turn > 1_000) throw new Error('It does not happen')
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** The code that something fails with. */
export async function codeOf(promise: PromiseLike<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return (error as { code?: unknown }).code ?? error
  }
  return 'It did not fail'
}
