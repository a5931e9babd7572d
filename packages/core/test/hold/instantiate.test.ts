import { Deferred, initialise, instantiate, succeed } from 'potoroo'
import { expect, test } from 'vitest'
import { failureOf, outcome } from '../deferred/outcome.ts'

class Connection {
  static made: Connection[] = []
  readonly host: string
  readonly opened = new Deferred<string>()
  constructor(host: string) {
    this.host = host
    Connection.made.push(this)
  }
  [initialise](host: string): Deferred<string> {
    return this.opened.addCallback((greeting) => `${greeting} from ${host}`)
  }
}

test('fires with the instance and its initialiser’s result, when that is there', () => {
  const result = outcome(instantiate(Connection, 'localhost'))
  expect(result.settled).toBe(false)
  const made = Connection.made.at(-1)!
  made.opened.callback('hello')
  expect(result.value?.[0]).toBe(made)
  expect([made.host, result.value?.[1]]).toEqual(['localhost', 'hello from localhost'])
})

test('an initialiser may return a plain value, a promise, or nothing, and take what the constructor ignores', async () => {
  class Plain {
    [initialise](n: number): number {
      return n + 1
    }
  }
  const [plain, result] = outcome(instantiate(Plain, 1)).value!
  expect(plain).toBeInstanceOf(Plain)
  expect(result).toBe(2)
  class Slow {
    async [initialise](): Promise<void> {}
  }
  expect(await instantiate(Slow)).toEqual([new Slow(), undefined])
})

test('fails with what the constructor or the initialiser throws: nobody sees a half-made instance', () => {
  const error = new Error('broken')
  class Broken {
    constructor(where: string) {
      if (where === 'constructor') throw error
    }
    [initialise](_where: string): Deferred<void> {
      throw error
    }
  }
  expect(failureOf(instantiate(Broken, 'constructor')).value).toBe(error)
  expect(failureOf(instantiate(Broken, 'initialiser')).value).toBe(error)
  const failing = outcome(instantiate(Connection, 'localhost'))
  Connection.made.at(-1)!.opened.errback(error)
  expect(failing.error).toBe(error)
})

test('cancelling cancels what the initialiser returned', () => {
  const connecting = instantiate(Connection, 'localhost')
  connecting.cancel('enough')
  expect(Connection.made.at(-1)!.opened.called).toBe(true)
  expect(failureOf(connecting).value).toMatchObject({ code: 'ERR_CANCELLED', cause: 'enough' })
})

test('a class without an initialiser is ERR_NO_INITIALISER', () => {
  // @ts-expect-error there is none
  const { value } = failureOf(instantiate(Date))
  expect(value).toBeInstanceOf(TypeError)
  expect(value).toMatchObject({ code: 'ERR_NO_INITIALISER' })
})

test('an instance that is a thenable is not taken for a promise', () => {
  class Thenable {
    then(): never {
      throw new Error('asked')
    }
    [initialise](): Deferred<number> {
      return succeed(1)
    }
  }
  expect(outcome(instantiate(Thenable)).value?.[1]).toBe(1)
})
