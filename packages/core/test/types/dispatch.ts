// Compiled, not run: under every supported version of TypeScript, by compile.test.ts.
import {
  type Awaitable,
  Deferred,
  type DispatchEvent,
  type DispatchStatus,
  type Explanation,
  type Failure,
  Job,
  type JobDeferred,
  type JobState,
  type Rate,
  ResizableDispatchQueue,
} from 'potoroo'
import { type } from './equal.ts'

declare const awaitable: Awaitable<boolean>

// What the handler returns is what a job's result is
const queue = new ResizableDispatchQueue((name: string) => Promise.resolve(name.length), { width: 1 })
type<ResizableDispatchQueue<string, number>>()(queue)
type<ResizableDispatchQueue<string, number>>()(new ResizableDispatchQueue((name: string) => name.length))
type<ResizableDispatchQueue<string, number>>()(new ResizableDispatchQueue((name: string) => new Deferred<number>().addCallback((n) => n + name.length)))
type<ResizableDispatchQueue<number, boolean>>()(new ResizableDispatchQueue((n: number): Awaitable<boolean> => (n > 0 ? awaitable : false)))
type<JobDeferred<string, number>>()(queue.put('a', { priority: 1, timeout: 10, signal: AbortSignal.timeout(1) }))
type<Job<string, number>>()(queue.put('a').job)
type<Deferred<number | undefined>>()(queue.put('a').addCallback(({ result }) => result))
type<Promise<Job<string, number>>>()(queue.put('a').then())
// @ts-expect-error the handler takes a string
queue.put(1)
// @ts-expect-error there is no such option
queue.put('a', { delay: 1 })

// The handler knows its job
void new ResizableDispatchQueue((name: string, job) => {
  type<AbortSignal>()(job.signal)
  type<string>()(job.arg)
  return name.length
})
const { job } = queue.put('a')
type<JobState>()(job.state)
type<number>()(job.queuedTime)
type<number | undefined>()(job.startTime)
type<Failure | undefined>()(job.failure)
type<Deferred<Job<string, number>>>()(job.watch())
// @ts-expect-error made by queues alone
job.state = 'finished'

// Steering
type<Rate | readonly Rate[] | undefined>()(queue.rate)
queue.rate = { limit: 1, per: 1000 }
queue.rate = [{ limit: 1, per: 1000 }, { limit: 10, per: 60_000 }]
queue.setRate(undefined)
type<Deferred<void>>()(queue.pause())
type<Deferred<void>>()(queue.idle())
type<Deferred<void>>()(queue.onSizeLessThan(10))
type<Deferred<Job<string, number>[]>>()(queue.stop({ cancelUnderway: true }))
type<Job<string, number>[]>()(queue.clearQueue())
type<Job<string, number>[]>()(queue.pending())
type<{ pending: number; underway: number }>()(queue.size())
// @ts-expect-error a rate has both
queue.rate = { limit: 1 }

// Looking
type<DispatchStatus>()(queue.status())
type<Explanation>()(queue.explain(job))
type<() => void>()(queue.observe((event) => type<DispatchEvent<string, number>>()(event)))
type<AsyncIterableIterator<DispatchEvent<string, number>>>()(queue.events())
type<AsyncIterableIterator<Job<string, number>>>()(queue[Symbol.asyncIterator]())
queue.observe((event) => {
  if (event.type === 'queue') type<DispatchStatus>()(event.status)
  else type<Job<string, number>>()(event.job)
})
// @ts-expect-error a job of another kind of queue
queue.explain(new ResizableDispatchQueue((n: number) => n).put(1).job)
