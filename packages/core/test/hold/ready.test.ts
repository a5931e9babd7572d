import { CancelledError, Deferred, fail, holdUntilReady, sleep, ManualClock, succeed } from 'potoroo'
import { describe, expect, test } from 'vitest'
import { failureOf, outcome, thrownBy } from '../deferred/outcome.ts'

class Store {
  readonly ready = new Deferred<void>()
  readonly calls: string[] = []
  constructor() {
    holdUntilReady(this, this.ready, 'get', 'set')
  }
  get(key: string): Deferred<string> {
    this.calls.push(`get ${key}`)
    return succeed(key.toUpperCase())
  }
  set(key: string, value: number): Deferred<void> {
    this.calls.push(`set ${key} ${value}`)
    return succeed()
  }
  other(): string {
    return 'not held'
  }
}

test('calls are held, and made in order when it is ready; others go through', () => {
  const store = new Store()
  const [first, second, third] = [outcome(store.get('a')), outcome(store.set('b', 1)), outcome(store.get('c'))]
  expect(store.other()).toBe('not held')
  expect(store.calls).toEqual([])
  store.ready.callback()
  expect(store.calls).toEqual(['get a', 'set b 1', 'get c'])
  expect([first.value, second.settled, third.value]).toEqual(['A', true, 'C'])
})

test('then the object’s own properties are gone, and the class’s methods are back', () => {
  const store = new Store()
  expect(Object.hasOwn(store, 'get')).toBe(true)
  expect(Object.keys(store)).not.toContain('get')
  store.ready.callback()
  expect([Object.hasOwn(store, 'get'), Object.hasOwn(store, 'set')]).toEqual([false, false])
  expect(store.get).toBe(Store.prototype.get)
})

test('if it fails, the held calls and all later ones fail with that', () => {
  const store = new Store()
  const held = store.get('a')
  store.ready.errback(new Error('no disk'))
  const failure = failureOf(held)
  expect(failure.value).toMatchObject({ message: 'no disk' })
  expect(failureOf(store.set('b', 1))).toBe(failure)
  expect(failureOf(store.get('c'))).toBe(failure)
  expect(store.calls).toEqual([])
})

test('a held call that is cancelled is not made; one that is underway is cancelled', () => {
  const store = new Store()
  const running = new Deferred<string>()
  store.calls.push = () => {
    throw new Error('called')
  }
  const held = store.get('a')
  held.cancel()
  expect(failureOf(held).value).toBeInstanceOf(CancelledError)
  const object = { run: () => running }
  const ready = new Deferred<void>()
  holdUntilReady(object, ready, 'run')
  const call = object.run()
  ready.callback()
  store.ready.callback()
  call.cancel('enough')
  expect(failureOf(call).value).toMatchObject({ cause: 'enough' })
})

test('a call that is made while the held ones are let go waits for its turn', () => {
  const store = new Store()
  store.get('a').addCallback(() => store.get('c'))
  store.get('b')
  store.ready.callback()
  expect(store.calls).toEqual(['get a', 'get b', 'get c'])
})

test('calls that take long are begun in order, and not waited for', () => {
  const clock = new ManualClock()
  const begun: number[] = []
  const object = { run: (n: number) => (begun.push(n), sleep(clock, 10, n)) }
  const ready = new Deferred<void>()
  holdUntilReady(object, ready, 'run')
  const results = [outcome(object.run(1)), outcome(object.run(2))]
  ready.callback()
  expect(begun).toEqual([1, 2])
  clock.advance(10)
  expect(results.map(({ value }) => value)).toEqual([1, 2])
})

test('an own property is put back as it was, and one that was replaced meanwhile is left alone', () => {
  const run = (): Deferred<number> => succeed(1)
  const stop = (): Deferred<number> => succeed(2)
  const object = { run, stop }
  const ready = new Deferred<void>()
  holdUntilReady(object, ready, 'run', 'stop', 'run')
  const mine = (): Deferred<number> => succeed(3)
  object.stop = mine
  const taken = object.run
  ready.callback()
  expect(object).toEqual({ run, stop: mine })
  expect(outcome(taken()).value).toBe(1)
})

test('two that hold the same method are both waited for', () => {
  const object = { run: () => succeed(1) }
  const original = object.run
  for (const order of [
    [0, 1],
    [1, 0],
  ]) {
    const both = [new Deferred<void>(), new Deferred<void>()]
    for (const ready of both) holdUntilReady(object, ready, 'run')
    const call = outcome(object.run())
    both[order[0]!]!.callback()
    expect(call.settled).toBe(false)
    both[order[1]!]!.callback()
    expect(call.value).toBe(1)
    expect(outcome(object.run()).value).toBe(1)
    object.run = original
  }
})

test('nothing is held when it is ready already, or when no method is named', () => {
  const object = { run: () => 1 as unknown }
  const { run } = object
  holdUntilReady(object, succeed(), 'run')
  holdUntilReady(object, 'a plain value', 'run')
  holdUntilReady(object, new Deferred())
  expect(object.run).toBe(run)
})

test('it may have failed already, or be a promise', async () => {
  const object = { run: (): unknown => 1 }
  const broken = fail('no')
  holdUntilReady(object, broken, 'run')
  expect(failureOf(object.run() as Deferred<unknown>).value).toBe('no')
  failureOf(broken)
  const later = { run: () => succeed(1) }
  holdUntilReady(later, Promise.resolve(), 'run')
  expect(await later.run()).toBe(1)
  expect(Object.hasOwn(later, 'run')).toBe(true)
})

test('what is no method cannot be held', () => {
  const object = { name: 'x', run: () => succeed() }
  const { run } = object
  const error = thrownBy(() => holdUntilReady(object, new Deferred(), 'run', 'name'))
  expect(error).toBeInstanceOf(TypeError)
  expect(error).toMatchObject({ code: 'ERR_NOT_A_METHOD' })
  expect(object.run).toBe(run)
})

describe('as a class decorator', () => {
  class Plain {
    static readonly kind = 'plain'
    readonly ready = new Deferred<void>()
    readonly name: string
    constructor(name: string) {
      this.name = name
    }
    greet(): Deferred<string> {
      return succeed(`hello ${this.name}`)
    }
  }
  const Held = holdUntilReady('ready', 'greet')(Plain)

  test('holds the calls to each instance until what its constructor left is ready', () => {
    const [ada, bob] = [new Held('Ada'), new Held('Bob')]
    const greetings = [outcome(ada.greet()), outcome(bob.greet())]
    ada.ready.callback()
    expect(greetings.map(({ value }) => value)).toEqual(['hello Ada', undefined])
    expect(ada.greet).toBe(Plain.prototype.greet)
    expect(Object.hasOwn(bob, 'greet')).toBe(true)
  })

  test('the class stays what it was: its name, its statics, its subclasses', () => {
    class Sub extends Held {
      override greet(): Deferred<string> {
        return succeed('sub')
      }
    }
    const sub = new Sub('Cy')
    const greeting = outcome(sub.greet())
    sub.ready.callback()
    expect(greeting.value).toBe('sub')
    expect([Held.name, Held.kind, sub instanceof Held, sub instanceof Plain]).toEqual(['Plain', 'plain', true, true])
  })

  test('a constructor that leaves nothing to wait for is ERR_NO_READY', () => {
    const Wrong = holdUntilReady('redy', 'greet')(Plain)
    expect(thrownBy(() => new Wrong('x'))).toMatchObject({ code: 'ERR_NO_READY' })
  })
})
