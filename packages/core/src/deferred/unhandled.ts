import { isCancelled } from '../errors.ts'
import { describe } from './describe.ts'
import { cancelledBecause, Failure } from './failure.ts'
import { HANDLED, SUSPECTED, WATCHED } from './flags.ts'
import { Rare, type Unhandled } from './rare.ts'
import { tracer } from './trace.ts'

/** Told of every failure that nobody handled, and in debug mode where its deferred was made. */
export type UnhandledFailureHandler = (failure: Failure, info: { readonly madeAt?: string }) => void

/** What there is to know about a chain here. */
interface Suspect {
  _flags: number
  readonly _result: unknown
  _rare: Rare | null
}

interface Runtime {
  readonly process?: {
    emitWarning?(message: string, options: { type: string; detail?: string }): void
    on?(event: 'exit', listener: () => void): void
  }
  readonly console: { warn(...data: unknown[]): void; error(...data: unknown[]): void }
  addEventListener?(type: 'pagehide', listener: (event: { readonly persisted?: boolean }) => void): void
}
const runtime = globalThis as unknown as Runtime

/** Not yet collected and not handled: what is left of these at the program's end is reported then. */
const watched = /* @__PURE__ */ new Set<Unhandled>()
const collected = /* @__PURE__ */ new FinalizationRegistry<Unhandled>((unhandled) => {
  if (watched.delete(unhandled)) report(unhandled)
})

let suspects: Suspect[] = []
let listensForTheEnd = false
let handler: UnhandledFailureHandler = warn

/**
 * Sets who is told, once, of each failure that no errback and no `then` took, when its deferred is collected or the
 * program ends. A cancellation is never reported.
 *
 * @param next the new handler; what it throws is thrown at the runtime
 * @returns the handler before; the first one warns through the runtime, and at the program's end on standard error
 *
 * @example
 * const before = setUnhandledFailureHandler((failure, { madeAt }) => console.log(`${failure} of ${madeAt}`))
 * setUnhandledFailureHandler(before)
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
export function suspect(chain: Suspect, failure: Failure): void {
  if (cancelledBecause(failure) !== undefined) return
  chain._flags |= SUSPECTED
  if (suspects.push(chain) === 1) queueMicrotask(watchSuspects)
  if (listensForTheEnd) return
  listensForTheEnd = true
  runtime.process?.on?.('exit', reportTheRest)
  // Pages have no exit, and `unload` keeps them out of the back-forward cache; a page kept there has not ended.
  if (runtime.process?.on === undefined) {
    runtime.addEventListener?.('pagehide', (event) => {
      if (event.persisted !== true) reportTheRest()
    })
  }
}

function watchSuspects(): void {
  const batch = suspects
  suspects = []
  for (const chain of batch) {
    chain._flags &= ~SUSPECTED
    if (chain._flags & (HANDLED | WATCHED)) continue
    const failure = chain._result
    if (failure instanceof Failure && !isCancelled(failure.value)) watch(chain, failure)
  }
}

function watch(chain: Suspect, failure: Failure): void {
  formatStacks(failure.value)
  const unhandled: Unhandled = { failure, madeAt: tracer?.madeAt(chain) }
  chain._flags |= WATCHED
  ;(chain._rare ??= new Rare()).unhandled = unhandled
  watched.add(unhandled)
  collected.register(chain, unhandled, chain)
}

/** Reading a stack formats it; until then its frames may hold the very deferred whose collection is waited for. */
function formatStacks(value: unknown): void {
  let error = value
  try {
    for (let depth = 0; depth < 16 && typeof error === 'object' && error !== null; depth++) {
      void (error as Error).stack
      error = (error as Error).cause
    }
  } catch {
    // Its stack cannot be read; then it holds nothing either.
  }
}

/** Somebody took the failure after all. */
export function unwatch(chain: Suspect): void {
  chain._flags &= ~WATCHED
  const unhandled = chain._rare?.unhandled
  if (unhandled !== undefined) watched.delete(unhandled)
  if (chain._rare !== null) chain._rare.unhandled = undefined
  collected.unregister(chain)
}

/** The runtime's warnings are asynchronous, and at its end too late: what is left is written to standard error. */
function reportTheRest(): void {
  watchSuspects()
  const left = [...watched]
  watched.clear()
  for (const unhandled of left) {
    if (handler === warn) runtime.console.error(`Unhandled failure: ${detail(unhandled)}`)
    else report(unhandled)
  }
}

function report({ failure, madeAt }: Unhandled): void {
  handler(failure, madeAt === undefined ? {} : { madeAt })
}

function warn(failure: Failure, { madeAt }: { readonly madeAt?: string }): void {
  const message = `A failure was not handled: ${describe(failure.value)}`
  if (runtime.process?.emitWarning) {
    runtime.process.emitWarning(message, { type: 'UnhandledFailure', detail: detail({ failure, madeAt }) })
  } else {
    runtime.console.warn(message, ...(madeAt === undefined ? [] : [`Its deferred was made ${madeAt}`]), failure.value)
  }
}

function detail({ failure: { value }, madeAt }: Unhandled): string {
  const what = chainOfCauses(value)
  return madeAt === undefined ? what : `${what}\nIts deferred was made ${madeAt}`
}

/** An error's stack and those of its causes: a job's own error says nothing, what its handler threw says all. */
function chainOfCauses(value: unknown): string {
  const texts: string[] = []
  const seen = new Set<unknown>()
  let next = value
  while (!seen.has(next)) {
    seen.add(next)
    if (!(next instanceof Error)) {
      texts.push(describe(next))
      break
    }
    texts.push(next.stack || describe(next))
    if (next.cause === undefined) break
    next = next.cause
  }
  return texts.join('\nCaused by: ')
}
