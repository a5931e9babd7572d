// Compiled, not run: under every supported version of TypeScript, by compile.test.ts.
import {
  type Awaitable,
  Deferred,
  deferredList,
  DeferredListObserver,
  eventStream,
  type Failure,
  type Firing,
  firstCallback,
  firstN,
  firstSuccess,
  gatherResults,
  type Indexed,
  type Outcome,
  ParallelCommandExecutor,
  race,
  succeed,
  when2,
} from 'potoroo'
import { type } from './equal.ts'

declare const deferred: Deferred<number>
declare const promise: Promise<string>
declare const awaitable: Awaitable<boolean>
declare const several: Deferred<number>[]
declare const set: Set<Promise<string>>

// Tuples stay tuples
type<Deferred<[number, string]>>()(gatherResults([succeed(1), 'a']))
type<Deferred<[number, string, boolean]>>()(gatherResults([deferred, promise, awaitable]))
type<Deferred<[number, string]>>()(gatherResults([deferred, promise] as const))
type<Deferred<number[]>>()(gatherResults(several))
type<Deferred<string[]>>()(gatherResults(set))
type<Deferred<[]>>()(gatherResults([]))
type<Deferred<[Outcome<number>, Outcome<string>]>>()(deferredList([deferred, promise]))
type<Deferred<Outcome<number>[]>>()(deferredList(several, { consumeErrors: true }))
type<Deferred<Indexed<number> | Outcome<number>[]>>()(deferredList(several, { fireOnOneCallback: true }))

// Any one of them
type<Deferred<Indexed<number | string>>>()(firstCallback([deferred, promise]))
type<Deferred<Indexed<number | string>>>()(firstSuccess([deferred, promise]))
type<Deferred<Indexed<number | string>>>()(race([deferred, promise]))
type<Deferred<Indexed<string>>>()(race(set))
type<Deferred<Indexed<number | boolean>[]>>()(firstN([deferred, awaitable], 1))

// Three behaviours
type<Deferred<[number, string]>>()(when2([deferred, promise]))
type<Deferred<[number | Failure, string | Failure]>>()(when2([deferred, promise], { failOnFirstError: false }))
type<Deferred<Indexed<number>>>()(when2([deferred], { resolveOnFirstSuccess: true, failOnFirstError: true }))
type<Deferred<Indexed<number> | [number | Failure]>>()(when2([deferred], { resolveOnFirstSuccess: true }))

// Observers and streams
const observer = new DeferredListObserver<number>()
type<Deferred<number>>()(observer.append(deferred))
type<readonly Firing<number>[]>()(observer.history)
observer.observe((firing) => {
  if (firing.success) type<number>()(firing.value)
  else type<Failure>()(firing.failure)
})
for await (const event of eventStream([deferred, promise])) {
  if (event.type === 'callback') type<number | string>()(event.value)
  if (event.type === 'errback') type<Failure>()(event.value)
  if (event.type === 'progress') type<unknown>()(event.value)
}
type<Deferred<void>>()(eventStream([deferred]).done)

const executor = new ParallelCommandExecutor<[name: string], number>()
type<Deferred<number>>()(executor.register((name) => name.length).register(() => deferred).execute('x'))

// Wrong use is refused
// @ts-expect-error: another type of value
observer.append('x')
// @ts-expect-error: no list
gatherResults(1)
// @ts-expect-error: a deferred of a list is none
gatherResults(succeed([1, 2]))
// @ts-expect-error: several arguments are none, either
gatherResults(deferred, promise)
// @ts-expect-error: the argument is missing
executor.execute()
