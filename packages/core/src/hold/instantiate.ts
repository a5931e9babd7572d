import { usageError } from '../errors.ts'
import { type Deferred, succeed } from '../deferred/deferred.ts'
import type { Settled } from '../deferred/types.ts'

/** The name of a class's asynchronous initialiser, for {@link instantiate}. The same in every copy of this package. */
export const initialise: unique symbol = /* @__PURE__ */ Symbol.for('potoroo.initialise') as never

/** An object that is not finished before its initialiser is. */
export interface Initialisable {
  [initialise](...args: never[]): unknown
}

/** What {@link instantiate} passes on: what the constructor takes, or if it takes nothing, what the initialiser takes. */
export type InstantiateArguments<C extends new (...args: never[]) => Initialisable> =
  ConstructorParameters<C>['length'] extends 0 ? Parameters<InstanceType<C>[typeof initialise]> : ConstructorParameters<C>

/**
 * Makes an instance of a class whose initialiser is asynchronous: `new Class(...args)`, and then its
 * `[initialise](...args)`. Nobody sees the instance before that is done, nor if it fails. Never throws. Cancelling it cancels
 * what the initialiser returned.
 *
 * @returns fires with the instance and what its initialiser came to; fails with what the constructor or the initialiser
 *   throws, or with TypeError ERR_NO_INITIALISER if the class has none
 *
 * @example
 * class Connection {
 *   [initialise](host: string) {
 *     return succeed(`connected to ${host}`)
 *   }
 * }
 * const [connection, greeting] = await instantiate(Connection, 'localhost') // greeting is 'connected to localhost'
 */
export function instantiate<C extends new (...args: never[]) => Initialisable>(
  Class: C,
  ...args: InstantiateArguments<C>
): Deferred<[instance: InstanceType<C>, result: Settled<ReturnType<InstanceType<C>[typeof initialise]>>]> {
  type Instance = InstanceType<C>
  type Result = Settled<ReturnType<Instance[typeof initialise]>>
  let instance: Instance
  return succeed()
    .addCallback(() => {
      instance = new Class(...(args as never[])) as Instance
      if (typeof instance[initialise] !== 'function') {
        const message = `${Class.name || 'The class'} has no method [initialise]; use new if it needs none`
        throw usageError(TypeError, 'ERR_NO_INITIALISER', message)
      }
      return instance[initialise](...(args as never[]))
    })
    .addCallback((result): [Instance, Result] => [instance, result as Result]) as Deferred<[Instance, Result]>
}
