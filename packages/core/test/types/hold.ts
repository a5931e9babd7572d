// Compiled, not run: under every supported version of TypeScript, by compile.test.ts.
import {
  type Awaitable,
  callback,
  ControllableDeferred,
  type Deactivatable,
  deactivatable,
  Deferred,
  errback,
  type Failure,
  holdUntilReady,
  initialise,
  instantiate,
  memoize,
  type Memoized,
  retry,
  RetryingCall,
  succeed,
} from 'potoroo'
import { type } from './equal.ts'

declare const deferred: Deferred<number>
declare const promise: Promise<string>
declare const awaitable: Awaitable<boolean>

// Controlling
type<ControllableDeferred<number>>()(new ControllableDeferred(deferred))
type<ControllableDeferred<string>>()(new ControllableDeferred(promise))
type<Deferred<number>>()(new ControllableDeferred(deferred).addCallback((n) => n + 1))
type<Deactivatable<number>>()(deactivatable(deferred))
type<Deactivatable<boolean>>()(deactivatable(awaitable))
type<void>()(deactivatable(promise).deactivate())

// Call style: each place takes a value, a deferred or a promise
const join = callback((a: number, b: string, c?: boolean) => [a, b, c] as const)
type<Deferred<readonly [number, string, boolean | undefined]>>()(join(1, 'x'))
type<Deferred<readonly [number, string, boolean | undefined]>>()(join(deferred, promise, awaitable))
type<Deferred<string>>()(callback((n: number) => succeed(String(n)))(deferred))
type<Deferred<string>>()(callback(async (n: number) => n.toFixed())(deferred))
type<Deferred<number>>()(callback((...all: number[]) => all.length)(1, deferred, Promise.resolve(2)))
type<Deferred<void>>()(callback(() => {})())
// @ts-expect-error a place has its type
join('x', 'y')
// @ts-expect-error a place is missing
join(deferred)

// errback: the function gets Failures, the caller gives none
const orElse = errback((page: string | Failure, spare: boolean | Failure) => [page, spare].length)
type<Deferred<string | number>>()(orElse('x', awaitable))
type<Deferred<string | number>>()(orElse(promise, true))
type<Deferred<unknown>>()(errback((failure: Failure) => failure.toString())(promise))
// @ts-expect-error ERR_NO_ARGUMENTS
orElse()

// memoize
const memoized = memoize((a: string, b: number) => succeed(a.repeat(b)))
type<Memoized<[a: string, b: number], string>>()(memoized)
type<Deferred<string>>()(memoize((a: string, b?: number) => a.repeat(b ?? 1))('x'))
type<Deferred<string>>()(memoize(async (n: number) => n.toFixed())(1))
type<Deferred<number>>()(memoize((n: number) => n, { key: (n) => n % 2, maxAge: 10 })(1))
type<boolean>()(memoize((n: number) => n).delete(1))
type<number>()(memoize(() => promise).size)
// @ts-expect-error the twin takes what the function takes
memoize((n: number) => n)('x')

// retry
type<Deferred<string>>()(retry(({ attempt, signal }) => (signal.aborted ? promise : attempt.toFixed())))
type<Deferred<number>>()(retry(() => deferred, { backoff: [0, 10], failureTester: (failure) => failure }))
type<Deferred<string>>()(new RetryingCall((a: string, b: number) => succeed(a.repeat(b)), 'x', 2).start())
type<Deferred<string>>()(new RetryingCall(() => promise).start({ timeout: 100, delayAfter: () => undefined }))
type<readonly Failure[]>()(new RetryingCall(() => promise).failures)
// @ts-expect-error the arguments are those of the function
void new RetryingCall((a: string) => a, 1)

// Holding until ready: in a constructor, and as a decorator
@holdUntilReady('ready', 'get')
class Store {
  readonly ready = new Deferred<void>()
  constructor(readonlyStore: boolean) {
    if (!readonlyStore) holdUntilReady(this, this.ready, 'set')
  }
  get(key: string): Deferred<string> {
    return succeed(key)
  }
  set(_key: string): Promise<void> {
    return Promise.resolve()
  }
}
type<Deferred<string>>()(new Store(true).get('x'))
type<typeof Store>()(holdUntilReady('ready', 'get')(Store))
// @ts-expect-error there is no such method
holdUntilReady(new Store(true), deferred, 'got')

// Instantiating
class Connection {
  readonly host: string
  constructor(host: string, _port?: number) {
    this.host = host
  }
  [initialise](host: string): Deferred<number> {
    return succeed(host.length)
  }
}
class Late {
  async [initialise](_n: number): Promise<string> {
    return 'x'
  }
}
type<Deferred<[instance: Connection, result: number]>>()(instantiate(Connection, 'x'))
type<Deferred<[instance: Connection, result: number]>>()(instantiate(Connection, 'x', 80))
type<Deferred<[instance: Late, result: string]>>()(instantiate(Late, 1))
// @ts-expect-error the constructor takes a string
instantiate(Connection, 1)
// @ts-expect-error there is no initialiser
instantiate(Date)
