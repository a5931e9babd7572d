import { isCancelled } from '../errors.ts'
import type { Chain } from './chain.ts'
import { describe, Failure } from './failure.ts'
import { HANDLED, SUSPECTED, WATCHED } from './flags.ts'
import { Rare } from './rare.ts'

/** Told of every failure that nobody handled. */
export type UnhandledFailureHandler = (failure: Failure) => void

/** What is kept of a deferred whose failure nobody has taken: never the deferred itself, which must stay collectable. */
export interface Unhandled {
  readonly failure: Failure
}

interface Runtime {
  readonly process?: {
    emitWarning?(message: string, options: { type: string; detail?: string }): void
    on?(event: 'exit', listener: () => void): void
  }
  readonly console: { warn(...data: unknown[]): void; error(...data: unknown[]): void }
}
const runtime = globalThis as unknown as Runtime

/** Not yet collected and not handled: what is left of these at the program's end is reported then. */
const watched = new Set<Unhandled>()
const collected = new FinalizationRegistry<Unhandled>((unhandled) => {
  if (watched.delete(unhandled)) handler(unhandled.failure)
})

let suspects: Chain[] = []
let listensForExit = false
let handler: UnhandledFailureHandler = warn

/**
 * Sets who is told, once, of each failure that no errback and no `then` took, when its deferred is collected.
 *
 * @param next the new handler; what it throws is thrown at the runtime
 * @returns the handler before; the first one warns through the runtime
 */
export function setUnhandledFailureHandler(next: UnhandledFailureHandler): UnhandledFailureHandler {
  const before = handler
  handler = next
  return before
}

/**
 * Notes that a chain has come to rest with a failure. Most of these are taken within the same turn (`fail(e)` and then
 * `addErrback`), so only those that a microtask later still nobody took are watched: registering costs a microsecond.
 */
export function suspect(deferred: Chain): void {
  deferred._flags |= SUSPECTED
  if (suspects.push(deferred) === 1) queueMicrotask(watchSuspects)
}

function watchSuspects(): void {
  const batch = suspects
  suspects = []
  for (const deferred of batch) {
    deferred._flags &= ~SUSPECTED
    if (deferred._flags & (HANDLED | WATCHED)) continue
    const failure = deferred._result
    if (failure instanceof Failure && !isCancelled(failure.value)) watch(deferred, failure)
  }
}

function watch(deferred: Chain, failure: Failure): void {
  // Reading the stack formats it; until then its frames may hold the very deferred whose collection is waited for.
  void (failure.value as Error | undefined)?.stack
  const unhandled: Unhandled = { failure }
  deferred._flags |= WATCHED
  ;(deferred._rare ??= new Rare()).unhandled = unhandled
  watched.add(unhandled)
  collected.register(deferred, unhandled, deferred)
  if (!listensForExit) {
    listensForExit = true
    runtime.process?.on?.('exit', reportTheRest)
  }
}

/** Somebody took the failure after all. */
export function unwatch(deferred: Chain): void {
  deferred._flags &= ~WATCHED
  const unhandled = deferred._rare?.unhandled
  if (unhandled !== undefined) watched.delete(unhandled)
  if (deferred._rare !== null) deferred._rare.unhandled = undefined
  collected.unregister(deferred)
}

/** The runtime's warnings are asynchronous, and at its end too late: what is left is written to standard error. */
function reportTheRest(): void {
  for (const { failure } of watched) {
    if (handler === warn) runtime.console.error(`Unhandled failure: ${detail(failure)}`)
    else handler(failure)
  }
  watched.clear()
}

function warn(failure: Failure): void {
  const message = `A failure was not handled: ${describe(failure.value)}`
  if (runtime.process?.emitWarning) {
    runtime.process.emitWarning(message, { type: 'UnhandledFailure', detail: detail(failure) })
  } else {
    runtime.console.warn(message, failure.value)
  }
}

function detail({ value }: Failure): string {
  return value instanceof Error && value.stack ? value.stack : describe(value)
}
