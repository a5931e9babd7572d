// Compiled, not run: under every supported version of TypeScript, by compile.test.ts.
import {
  type Awaitable,
  type Capacity,
  Deferred,
  DeferredDict,
  DeferredLock,
  DeferredPool,
  DeferredPriorityQueue,
  DeferredQueue,
  DeferredSemaphore,
  type Failure,
  inlineCallbacks,
  type Permit,
  sleep,
} from 'potoroo'
import { type } from './equal.ts'

declare const deferred: Deferred<number>
declare const promise: Promise<string>
declare const awaitable: Awaitable<boolean>

// Queues
const queue = new DeferredQueue<string>({ size: 10, backlog: 5 })
type<Deferred<string>>()(queue.get())
type<Deferred<number>>()(queue.get().addCallback((text) => text.length))
type<void>()(queue.put('x'))
type<number>()(queue.length + queue.waiting)
type<string[]>()([...queue])
type<void>()(queue.close())
type<boolean>()(queue.closed)
const prioritised = new DeferredPriorityQueue<{ id: number }>({ size: undefined })
type<Deferred<{ id: number }>>()(prioritised.get())
type<void>()(prioritised.put({ id: 1 }, -1))
type<void>()(prioritised.reprioritize({ id: 1 }, 2))
type<void>()(prioritised.delete({ id: 1 }))
type<boolean>()(prioritised.has({ id: 1 }))
type<{ id: number }[]>()([...prioritised])
type<DeferredQueue<unknown>>()(new DeferredQueue())
const limits: Capacity = { size: 1 }
type<DeferredQueue<number>>()(new DeferredQueue<number>(limits))
// A queue is for its own items
// @ts-expect-error
queue.put(1)
// @ts-expect-error there are no priorities
queue.put('x', 1)
// @ts-expect-error limits are numbers
void new DeferredQueue({ size: '1' })

// Iteration
async function consume(): Promise<void> {
  for await (const item of queue) type<string>()(item)
  for await (const { id } of prioritised) type<number>()(id)
}
void consume

// Dicts
const dict = new DeferredDict<string, number | undefined>()
type<Deferred<number | undefined>>()(dict.get('a'))
type<void>()(dict.set('a', undefined))
type<boolean>()(dict.delete('a') && dict.has('a'))
type<string[]>()([...dict.keys(), ...dict.awaited()])
type<(number | undefined)[]>()([...dict.values()])
type<[string, number | undefined][]>()([...dict])
type<[string, number | undefined][]>()([...dict.entries()])
type<Map<string, number | undefined>>()(new Map(dict))
// @ts-expect-error a key has its type
dict.get(1)

// Pools
class Request extends Deferred<string> {}
const pool = new DeferredPool()
type<Request>()(pool.add(new Request()))
type<Deferred<number>>()(pool.add(deferred))
type<Deferred<void>>()(pool.notifyWhenEmpty({ testImmediately: false }))
type<{ outstanding: number; waiting: number }>()(pool.status())
// @ts-expect-error for a promise, Deferred.from(promise)
pool.add(promise)

// Semaphores and locks
const semaphore = new DeferredSemaphore(3, { backlog: 10 })
const lock = new DeferredLock()
type<Deferred<Permit>>()(semaphore.acquire())
type<Deferred<Permit>>()(lock.acquire())
type<Deferred<number>>()(lock.run(() => 1))
type<Deferred<string>>()(lock.run((n: number, text: string) => text.repeat(n), 1, 'x'))
type<Deferred<number>>()(semaphore.run(() => deferred))
type<Deferred<string>>()(semaphore.run(() => promise))
type<Deferred<boolean>>()(semaphore.run(() => awaitable))
type<Deferred<string | number>>()(semaphore.run(async (n: number) => (n > 1 ? n : String(n)), 1))
type<Deferred<string>>()(lock.run(inlineCallbacks(function* (text: string) {
  yield* sleep(1)
  return text
}), 'x'))
type<Deferred<never>>()(lock.run((failure: Failure) => failure, undefined as unknown as Failure))
type<void>()(semaphore.resize(1))
type<number>()(semaphore.tokens + semaphore.held + semaphore.waiting)
type<boolean>()(lock.locked)
// @ts-expect-error the arguments are those of the function
lock.run((n: number) => n, 'x')
// @ts-expect-error a lock has one place
lock.resize(2)
// @ts-expect-error a semaphore has so many places
void new DeferredSemaphore()

async function hold(): Promise<void> {
  using permit = await lock.acquire()
  type<Permit>()(permit)
  type<void>()(permit.release())
  type<boolean>()(permit.released)
  using _queue = new DeferredQueue<string>()
  await using _pool = new DeferredPool()
  await using _semaphore = new DeferredSemaphore(1)
}
void hold
