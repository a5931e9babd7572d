import { Deferred, type DispatchOptions, Failure, type Job, ResizableDispatchQueue } from 'potoroo'

/** A queue of names whose work the test ends, and what it has started. */
export interface Held {
  readonly queue: ResizableDispatchQueue<string, string>
  readonly started: string[]
  readonly jobs: Map<string, Job<string, string>>
  /** The deferreds that the handler has returned. */
  readonly work: Map<string, Deferred<string>>
  end(name: string): void
  fail(name: string, error: unknown): void
}

export function hold(width: number, options: Omit<DispatchOptions, 'width'> = {}): Held {
  const started: string[] = []
  const jobs = new Map<string, Job<string, string>>()
  const work = new Map<string, Deferred<string>>()
  const queue = new ResizableDispatchQueue<string, string>(
    (name, job) => {
      const deferred = new Deferred<string>()
      started.push(name)
      jobs.set(name, job)
      work.set(name, deferred)
      return deferred
    },
    { ...options, width },
  )
  return {
    queue,
    started,
    jobs,
    work,
    end: (name) => work.get(name)?.callback(name),
    fail: (name, error) => work.get(name)?.errback(error),
  }
}

/** What a deferred fires or fails with. */
export async function outcome(deferred: Deferred<unknown>): Promise<unknown> {
  const result = await deferred.addBoth((result) => ({ is: result instanceof Failure ? result.value : result }))
  return result.is
}
