import fc from 'fast-check'
import { type Deferred, Failure } from 'potoroo'
import { expect } from 'vitest'

/** A step of a random program. `a` and `b` choose among what there is; whoever is told because of it does `then`. */
export interface Command<D extends string> {
  readonly do: D
  readonly a: number
  readonly b: number
  readonly then: readonly Command<D>[]
}

/** Where a program runs: on a structure, or on a plain model of it. */
export interface World<D extends string> {
  /** What has happened since this was last looked at. */
  said: string[]
  do(command: Command<D>): void
  /** What can be seen from outside. */
  state(): unknown
}

/** Random programs; the weights say how often each command comes. */
export function programs<D extends string>(weights: Readonly<Record<D, number>>): fc.Arbitrary<Command<D>[]> {
  const names = (Object.keys(weights) as D[]).map((name) => ({ weight: weights[name], arbitrary: fc.constant(name) }))
  const nothing = { weight: 3, arbitrary: fc.constant<Command<D>[]>([]) }
  const step = (then: fc.Arbitrary<Command<D>[]>): fc.Arbitrary<Command<D>> =>
    fc.record({ do: fc.oneof(...names), a: fc.nat(30), b: fc.nat(30), then })
  const last = step(fc.constant([]))
  const inner = step(fc.oneof(nothing, { weight: 1, arbitrary: fc.array(last, { maxLength: 2 }) }))
  return fc.array(step(fc.oneof(nothing, { weight: 2, arbitrary: fc.array(inner, { maxLength: 3 }) })), { maxLength: 50, size: 'max' })
}

/** Runs a program in both worlds: after each step they must say the same. */
export function compare<D extends string>(program: readonly Command<D>[], real: World<D>, model: World<D>): void {
  for (const command of program) {
    real.do(command)
    model.do(command)
    expect({ said: real.said, state: real.state() }).toEqual({ said: model.said, state: model.state() })
    real.said = []
    model.said = []
  }
}

/** The deferreds that a structure has handed out. */
export class Held<D extends string> {
  readonly all: Deferred<unknown>[] = []
  readonly #world: World<D>

  constructor(world: World<D>) {
    this.#world = world
  }

  take(make: () => Deferred<unknown>, then: readonly Command<D>[]): void {
    const deferred = this.try(make)
    if (deferred === undefined) return
    const id = this.all.push(deferred) - 1
    deferred.addBoth((result) => {
      this.#world.said.push(`${id}: ${words(result)}`)
      for (const command of then) this.#world.do(command)
    })
  }

  try<T>(fn: () => T): T | undefined {
    try {
      return fn()
    } catch (error) {
      this.#world.said.push(`refused: ${(error as { code: string }).code}`)
      return undefined
    }
  }

  cancel(a: number): void {
    pick(this.all, a)?.cancel()
  }

  fireByHand(a: number): void {
    const deferred = pick(this.all, a)
    if (deferred?.called === false) deferred.callback('by hand')
  }
}

/** A deferred that a model has handed out. */
export interface Handed<D extends string> {
  readonly id: number
  readonly then: readonly Command<D>[]
  settled: boolean
}

/** The same as {@link Held} in a model's words. */
export class HeldModel<D extends string> {
  readonly all: Handed<D>[] = []
  readonly #world: World<D>

  constructor(world: World<D>) {
    this.#world = world
  }

  take(then: readonly Command<D>[]): Handed<D> {
    const handed = { id: this.all.length, then, settled: false }
    this.all.push(handed)
    return handed
  }

  refuse(code: string): void {
    this.#world.said.push(`refused: ${code}`)
  }

  tell(handed: Handed<D>, what: unknown): void {
    if (handed.settled) return
    handed.settled = true
    this.#world.said.push(`${handed.id}: ${String(what)}`)
    for (const command of handed.then) this.#world.do(command)
  }
}

export function pick<T>(all: readonly T[], a: number): T | undefined {
  return all[a % (all.length || 1)]
}

export function remove<T>(all: T[], one: T): void {
  const at = all.indexOf(one)
  if (at >= 0) all.splice(at, 1)
}

function words(result: unknown): string {
  if (!(result instanceof Failure)) return typeof result === 'object' && result !== null ? 'a permit' : String(result)
  const { value } = result
  return value instanceof Error ? (value as Error & { code: string }).code : String(value)
}
