import { Deferred, Failure } from 'potoroo'
import { Model, type Result, type Side } from './model.ts'
import type { Action, Program, Step } from './program.ts'

/** A place where programs run. */
interface World<D> {
  make(canceller: (() => void) | undefined): D
  fire(deferred: D, result: Result): void
  cancel(deferred: D): void
  pause(deferred: D): void
  unpause(deferred: D): void
  chain(deferred: D, other: D): void
  add(deferred: D, onValue: Handler<D> | undefined, onFailure: Handler<D> | undefined): void
  show(deferred: D): string
}
/** `thrown` and `error` are the same thing, done in two ways. */
type Handler<D> = (result: Result) => { value: unknown } | { error: string } | { thrown: string } | { deferred: D } | 'same'

/** Runs a program, and gives back all that could be seen of it. */
export function trace<D>(world: World<D>, program: Program): string[] {
  const lines: string[] = []
  const deferreds: D[] = []
  const at = (which: number): D => deferreds[which] as D
  let labels = 0

  /** Does one step; what it throws is seen by the program. */
  const step = (one: Step): void => {
    try {
      const deferred = at(one.which)
      if (one.op === 'callback') world.fire(deferred, { value: labels++ })
      else if (one.op === 'errback') world.fire(deferred, { error: `e${labels++}` })
      else if (one.op === 'chain') world.chain(deferred, at(one.other))
      else if (one.op === 'add') {
        const label = labels++
        world.add(deferred, one.onValue && handler(`cb${label}`, one.onValue), one.onFailure && handler(`eb${label}`, one.onFailure))
      } else world[one.op](deferred)
    } catch (error) {
      lines.push(`${one.op} ${one.which} threw ${codeOf(error)}`)
    }
  }

  const handler =
    (label: string, action: Action): Handler<D> =>
    (result) => {
      lines.push(`${label} ${JSON.stringify(result)}`)
      if (action.do === 'same') return 'same'
      if (action.do === 'value') return { value: action.value }
      if (action.do === 'throw') return { thrown: `${label} threw` }
      if (action.do === 'failure') return { error: `${label} returned` }
      if (action.do === 'return') return { deferred: at(action.which) }
      step(action.step)
      lines.push(`${label} ends`)
      return { value: action.value }
    }

  program.cancellers.forEach((canceller, which) => {
    const run = (): void => {
      lines.push(`canceller ${which}`)
      if (canceller === 'throw') throw 'canceller threw'
      if (canceller === 'callback' || canceller === 'errback') step({ op: canceller, which })
      else if (canceller === 'cancel') step({ op: 'cancel', which })
      else if (typeof canceller === 'number') step({ op: 'cancel', which: canceller })
    }
    deferreds.push(world.make(canceller === 'none' ? undefined : run))
  })
  for (const one of program.steps) {
    lines.push(`step ${JSON.stringify(one)}`)
    step(one)
  }
  return [...lines, ...deferreds.map((deferred) => world.show(deferred))]
}

function codeOf(error: unknown): string {
  return typeof error === 'string' ? error : ((error as { code?: string } | null)?.code ?? String(error))
}

export const model: World<Model> = {
  make: (canceller) => new Model(canceller),
  fire: (deferred, result) => deferred.fire(result),
  cancel: (deferred) => deferred.cancel(),
  pause: (deferred) => deferred.pause(),
  unpause: (deferred) => deferred.unpause(),
  chain: (deferred, other) => deferred.chain(other),
  add(deferred, onValue, onFailure) {
    const side = (handler: Handler<Model> | undefined): Side | undefined =>
      handler &&
      ((result) => {
        const returned = handler(result)
        return returned === 'same' ? result : 'thrown' in returned ? { error: returned.thrown } : returned
      })
    if (onValue ?? onFailure) deferred.add(side(onValue), side(onFailure))
  },
  show: (deferred) => (!deferred.fired || deferred.waitsFor !== undefined ? 'pending' : JSON.stringify(deferred.result)),
}

export const engine: World<Deferred<unknown>> = {
  make: (canceller) => new Deferred<unknown>(canceller),
  fire: (deferred, result) => ('error' in result ? deferred.errback(result.error) : deferred.callback(result.value)),
  cancel: (deferred) => deferred.cancel(),
  pause: (deferred) => deferred.pause(),
  unpause: (deferred) => deferred.unpause(),
  chain: (deferred, other) => deferred.chainDeferred(other),
  add(deferred, onValue, onFailure) {
    const side = (handler: Handler<Deferred<unknown>> | undefined): ((got: unknown) => unknown) | undefined =>
      handler &&
      ((got) => {
        const returned = handler(resultOf(got))
        if (returned === 'same') return got
        if ('thrown' in returned) throw returned.thrown
        if ('error' in returned) return new Failure(returned.error)
        return 'deferred' in returned ? returned.deferred : returned.value
      })
    const [callback, errback] = [side(onValue), side(onFailure)]
    if (callback && errback) deferred.addCallbacks(callback, errback)
    else if (callback) deferred.addCallback(callback)
    else if (errback) deferred.addErrback(errback)
  },
  show(deferred) {
    const peeked = deferred.peek()
    if (peeked.status === 'pending') return 'pending'
    const shown = JSON.stringify(resultOf(peeked.status === 'rejected' ? peeked.failure : peeked.value))
    deferred.addErrback(() => {})
    return shown
  },
}

function resultOf(got: unknown): Result {
  return got instanceof Failure ? { error: codeOf(got.value) } : { value: got }
}
