import { Deferred } from './deferred.ts'
import { recorder } from './record.ts'
import { setTracer, tracer } from './trace.ts'

/** Those that have not fired, in the order they were made; they must stay collectable. */
const pending = /* @__PURE__ */ new Map<object, WeakRef<Deferred<unknown>>>()
let tokens = /* @__PURE__ */ new WeakMap<object, object>()
let collected: FinalizationRegistry<object> | undefined

/**
 * Turns debug mode on or off: whether it is recorded where deferreds are made, fired and cancelled, where callbacks are
 * added, and which way the result took. It costs some microseconds for each; when off, nothing. Deferreds that were made
 * before are not recorded.
 *
 * @returns whether it was on before
 *
 * @example
 * setDebug(true)
 * const lost = new Deferred<string>()
 * pendingDeferreds().includes(lost) // true
 * setDebug(false)
 */
export function setDebug(on: boolean): boolean {
  const before = tracer !== undefined
  if (on === before) return before
  pending.clear()
  tokens = new WeakMap()
  setTracer(on ? recorder(add, remove) : undefined)
  return before
}

/**
 * In debug mode, the deferreds that have never fired and are still referred to, oldest first; else none. O(those pending).
 * That they are listed does not keep them alive.
 */
export function pendingDeferreds(): Deferred<unknown>[] {
  const found: Deferred<unknown>[] = []
  for (const reference of pending.values()) {
    const deferred = reference.deref()
    if (deferred !== undefined && !deferred.called) found.push(deferred)
  }
  return found
}

function add(chain: object): void {
  if (!(chain instanceof Deferred)) return
  const token = {}
  tokens.set(chain, token)
  pending.set(token, new WeakRef(chain))
  collected ??= new FinalizationRegistry((gone) => pending.delete(gone))
  collected.register(chain, token)
}

function remove(chain: object): void {
  const token = tokens.get(chain)
  if (token !== undefined) pending.delete(token)
}
