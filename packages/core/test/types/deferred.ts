// Compiled, not run: under every supported version of TypeScript, by compile.test.ts.
import {
  abortable,
  type Awaitable,
  Deferred,
  deferLater,
  fail,
  Failure,
  fromNodeCallback,
  inlineCallbacks,
  ManualClock,
  maybeDeferred,
  type Peek,
  type Settled,
  sleep,
  succeed,
} from 'potoroo'
import { type } from './equal.ts'

declare const clock: ManualClock
declare const deferred: Deferred<number>
declare const promise: Promise<string>
declare const awaitable: Awaitable<boolean>

// Making them
type<Deferred<void>>()(new Deferred())
type<Deferred<string>>()(new Deferred<string>((self) => self.callback('x')))
type<Deferred<number>>()(succeed(1))
type<Deferred<void>>()(succeed())
type<Deferred<never>>()(fail('x'))
type<Deferred<string>>()(fail<string>('x'))
type<Deferred<boolean>>()(Deferred.from(awaitable))
type<Deferred<string>>()(Deferred.from(promise))
type<Deferred<number>>()(maybeDeferred((a: number, b: string) => a + b.length, 1, 'x'))
type<Deferred<string>>()(maybeDeferred(() => promise))
type<Deferred<number>>()(maybeDeferred(async () => deferred))

// The type follows the chain
type<Deferred<number>>()(succeed(1).addCallback(String).addCallback((s) => s.length))
type<Deferred<string>>()(deferred.addCallback((n) => n.toFixed()))
type<Deferred<void>>()(deferred.addCallback(() => {}))
type<Deferred<undefined>>()(deferred.addCallback(() => undefined))
type<Deferred<string>>()(deferred.addCallback(() => promise))
type<Deferred<string>>()(deferred.addCallback(() => succeed('x')))
type<Deferred<string>>()(deferred.addCallback(async () => succeed('x')))
type<Deferred<string>>()(deferred.addCallback(() => succeed(1).addCallback(() => promise)))
type<Deferred<string | number>>()(deferred.addCallback((n) => (n > 0 ? n : promise)))
type<Deferred<'a' | 'b'>>()(deferred.addCallback((n): 'a' | 'b' => (n > 0 ? 'a' : 'b')))
type<Deferred<boolean>>()(deferred.addCallback((n) => n > 0))
type<Deferred<readonly [number, 'x']>>()(deferred.addCallback((n) => [n, 'x'] as const))

// `never` and `Failure`
type<Deferred<never>>()(
  deferred.addCallback((): never => {
    throw new Error('x')
  }),
)
type<Deferred<never>>()(deferred.addCallback(() => new Failure('x')))
type<Deferred<'x'>>()(deferred.addCallback((n) => (n > 0 ? 'x' : new Failure('x'))))
type<Deferred<number>>()(deferred.addErrback((failure) => failure))
type<Deferred<number>>()(
  deferred.addErrback((failure) => {
    throw failure
  }),
)
type<Deferred<string>>()(fail('x').addErrback(() => 'recovered'))

// Errbacks, pairs, both
type<Deferred<number | string>>()(deferred.addErrback(() => 'instead'))
type<Deferred<number | null>>()(deferred.addErrback(() => null))
type<Deferred<number | string>>()(deferred.addErrback(() => promise))
type<Deferred<number | void>>()(deferred.addErrback(() => {}))
type<Deferred<string | boolean>>()(deferred.addCallbacks(String, () => true))
type<Deferred<string | false>>()(deferred.addBoth((result) => (result instanceof Failure ? false : String(result))))
deferred.addErrback((failure) => type<Failure>()(failure))
deferred.addBoth((result) => type<number | Failure>()(result))
deferred.addCallback((value) => type<number>()(value))

// What keeps the type
type<Deferred<number>>()(deferred.addTimeout(100, { clock }))
type<Deferred<number>>()(deferred.cancelOn(new AbortController().signal))
type<Deferred<number>>()(deferred.addProgress(() => {}))
type<Deferred<number>>()(deferred.chainDeferred(new Deferred<number>()))

// As a promise
type<Promise<number>>()(deferred.then())
type<Promise<string>>()(deferred.then(String))
type<Promise<string | boolean>>()(deferred.then(String, () => true))
type<Promise<number | null>>()(deferred.catch(() => null))
type<Promise<number>>()(deferred.finally(() => {}))
type<number>()(await deferred)
type<[number, string]>()(await Promise.all([deferred, promise]))

// As what the platform knows
type<PromiseLike<number>>()(deferred as PromiseLike<number>)
type<Awaited<Deferred<number>>>()(1 as number)
{
  using held: Disposable = deferred
  type<Disposable>()(held)
}
type<Generator<Deferred<number>, number, unknown>>()(deferred[Symbol.iterator]())
void new Deferred<string>((self, reason) => {
  type<Deferred<string>>()(self)
  type<unknown>()(reason)
})

// Looking at it
type<Peek<number>>()(deferred.peek())
const peeked = deferred.peek()
if (peeked.status === 'fulfilled') type<number>()(peeked.value)
if (peeked.status === 'rejected') type<Failure>()(peeked.failure)
type<AbortSignal>()(deferred.signal)
type<boolean>()(deferred.called)

// Failures
type<RangeError>()(new Failure(new RangeError('x')).value)
type<unknown>()(fail('x').peek().status === 'rejected' ? (new Failure<unknown>('x').value) : (undefined as unknown))
type<typeof RangeError | typeof TypeError | undefined>()(new Failure('x').check(RangeError, TypeError))
type<typeof RangeError>()(new Failure('x').trap(RangeError))

// Time and other calls
type<Deferred<void>>()(sleep(10))
type<Deferred<string>>()(sleep(10, 'x'))
type<Deferred<void>>()(sleep(clock, 10))
type<Deferred<string>>()(sleep(clock, 10, 'x'))
type<Deferred<string>>()(sleep(10, promise))
type<Deferred<number>>()(deferLater(10, (a: string) => a.length, 'x'))
type<Deferred<string>>()(deferLater(clock, 10, () => promise))
type<Deferred<string>>()(abortable(async (signal) => String(signal.aborted)))
type<Deferred<number>>()(fromNodeCallback((a: string, done: (error: Error | null, value: number) => void) => done(null, a.length), 'x'))
type<Deferred<void>>()(fromNodeCallback((done: (error?: Error | null) => void) => done()))

// Coroutines
type<Deferred<number>>()(
  inlineCallbacks(function* (name: string) {
    const n = yield* deferred
    type<number>()(n)
    const s = yield* Deferred.from(promise)
    type<string>()(s)
    return n + s.length + name.length
  })('x'),
)
type<Deferred<string>>()(
  inlineCallbacks(function* () {
    yield* deferred
    return promise
  })(),
)
type<Deferred<void>>()(
  inlineCallbacks(function* () {
    yield* fail('x')
  })(),
)
type<Deferred<number>>()(inlineCallbacks((n: number) => n)(1))
type<Deferred<string>>()(inlineCallbacks(async () => 'x')())

// The helpers
type<string>()(undefined as unknown as Settled<Deferred<Promise<string>>>)
type<never>()(undefined as never as Settled<never>)
type<never>()(undefined as never as Settled<Failure>)

// Wrong use is refused
// @ts-expect-error: a value of another type
deferred.callback('x')
// @ts-expect-error: a deferred is not a number
deferred.callback(succeed(1))
// @ts-expect-error: the value is missing
deferred.callback()
// @ts-expect-error: the other takes strings
deferred.chainDeferred(new Deferred<string>())
// @ts-expect-error: no number of milliseconds
deferred.addTimeout('5')
// @ts-expect-error: read only
deferred.called = true
