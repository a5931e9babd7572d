import { usageError } from '../errors.ts'
import { Deferred, fail } from '../deferred/deferred.ts'
import { Failure } from '../deferred/failure.ts'
import { HANDLED } from '../deferred/flags.ts'
import type { Awaitable } from '../deferred/types.ts'

type Method = (...args: unknown[]) => unknown

/** A class decorator: see {@link holdUntilReady}. */
export type HoldingDecorator = <C extends abstract new (...args: never[]) => object>(Class: C, context?: unknown) => C

/**
 * Holds calls to the named methods of `object` until `ready` has fired, so that a constructor can start asynchronous work
 * and the object can be used at once. Meanwhile such a call returns a deferred; so they should be methods that return a
 * deferred or a promise anyway.
 *
 * When `ready` fires, the held calls are made in order (those that are added meanwhile too), and then the object's own
 * properties are gone and the class's methods are back: nothing is checked any more. If `ready` fails, the held calls and
 * all later ones fail with that. Cancelling a held call withdraws it: it is not made.
 *
 * As a class decorator it is given the name of the property in which the constructor leaves `ready`, and the methods' names:
 * `@holdUntilReady('ready', 'get', 'set')`.
 *
 * @param ready if it has fired already, or is a plain value, nothing is held
 * @throws TypeError ERR_NOT_A_METHOD if the object has no such method; the decorated class's constructor throws that too, and
 *   ERR_NO_READY if it has left nothing in the named property
 *
 * @example
 * class Store {
 *   readonly opened = new Deferred<void>()
 *   constructor() {
 *     holdUntilReady(this, this.opened, 'get')
 *   }
 *   get(key: string) {
 *     return succeed(key.toUpperCase())
 *   }
 * }
 * const store = new Store()
 * const value = store.get('a') // is held
 * store.opened.callback()
 * const text = await value // text is 'A'
 */
export function holdUntilReady<T extends object>(
  object: T,
  ready: Awaitable<unknown>,
  ...methodNames: (keyof T)[]
): void
export function holdUntilReady(readyProperty: string | symbol, ...methodNames: (string | symbol)[]): HoldingDecorator
export function holdUntilReady(first: unknown, ...rest: unknown[]): HoldingDecorator | void {
  if (typeof first === 'string' || typeof first === 'symbol') return decorator(first, rest as PropertyKey[])
  const [ready, ...names] = rest
  hold(first as object, ready, names as PropertyKey[])
}

/** A proxy, and no subclass: the class keeps its name, its statics and its `instanceof`. */
function decorator(readyProperty: PropertyKey, names: readonly PropertyKey[]): HoldingDecorator {
  return (Class) =>
    new Proxy(Class, {
      construct(target, args, newTarget) {
        const object = Reflect.construct(target as unknown as new () => object, args, newTarget) as Record<PropertyKey, unknown>
        if (!(readyProperty in object)) {
          const message = `The constructor is to leave what it waits for in ${String(readyProperty)}`
          throw usageError(TypeError, 'ERR_NO_READY', message)
        }
        hold(object, object[readyProperty], names)
        return object
      },
    })
}

function hold(object: object, awaited: unknown, names: readonly PropertyKey[]): void {
  const methods = new Map<PropertyKey, Method>()
  for (const name of names) {
    const method: unknown = Reflect.get(object, name)
    if (typeof method !== 'function') {
      throw usageError(TypeError, 'ERR_NOT_A_METHOD', `There is no method ${String(name)} to hold calls to`)
    }
    methods.set(name, method as Method)
  }
  const ready = Deferred.from(awaited)
  if (ready.peek().status === 'fulfilled') return

  const held = new Set<Deferred<unknown>>()
  const putBack: (() => void)[] = []
  let released = false
  let failed: Failure | undefined
  for (const [name, method] of methods) {
    const stub = (...args: unknown[]): unknown => {
      // Whoever took the function from the object may call it at any time.
      if (released) return method.apply(object, args)
      if (failed !== undefined) return fail(failed)
      const call = new Deferred<unknown>((self) => held.delete(self as Deferred<unknown>))
      held.add(call)
      return call.addCallback(() => method.apply(object, args))
    }
    const own = Object.getOwnPropertyDescriptor(object, name)
    Object.defineProperty(object, name, { value: stub, configurable: true, writable: true, enumerable: own?.enumerable ?? false })
    putBack.push(() => {
      // Unless somebody has put something else there.
      if (Object.getOwnPropertyDescriptor(object, name)?.value !== stub) return
      if (own === undefined) Reflect.deleteProperty(object, name)
      else Object.defineProperty(object, name, own)
    })
  }

  const release = (settle: (call: Deferred<unknown>) => void): void => {
    // Calls that are added meanwhile are come to as well, those that are cancelled are not.
    for (const call of held) {
      held.delete(call)
      settle(call)
    }
  }
  const onValue = (value: unknown): unknown => {
    release((call) => call.callback(undefined))
    released = true
    for (const restore of putBack) restore()
    return value
  }
  const onFailure = (failure: Failure): Failure => {
    failed = failure
    // If nobody has called, nobody but the owner of `ready` can answer for its failure.
    if (held.size > 0) ready._flags |= HANDLED
    release((call) => call.errback(failure))
    return failure
  }
  ready.addCallbacks(onValue, onFailure)
}
