import { usageError } from 'potoroo'
import type { Declared, Store } from './store.ts'

/** What has been declared of the queues that are open in this process, by store and name. */
const stores = new WeakMap<Store, Map<string, Set<Declared>>>()

/**
 * Takes note of what a queue that is being opened declares. From one process to the next the newest declaration holds, which is
 * what a restart with a new setting wants; two that disagree within one program can only be a mistake.
 *
 * @returns called when the queue is closed
 * @throws TypeError ERR_DECLARED_OTHERWISE if it is open in this process with another width or rate declared
 */
export function declareOpen(store: Store, name: string, declared: Declared): () => void {
  let queues = stores.get(store)
  if (queues === undefined) stores.set(store, (queues = new Map()))
  const open = queues.get(name) ?? new Set<Declared>()
  for (const other of open) {
    for (const setting of ['width', 'rate'] as const) {
      const [theirs, ours] = [other[setting], declared[setting]].map((value) => value !== undefined && shown(value))
      if (theirs === false || ours === false || theirs === ours) continue
      throw usageError(
        TypeError,
        'ERR_DECLARED_OTHERWISE',
        `Queue ${name} is open in this process with ${setting} ${theirs}, and is opened again with ${ours}: declare it once, or the same`,
      )
    }
  }
  // One of its own: the same object may be declared twice.
  const own = { ...declared }
  queues.set(name, open.add(own))
  return () => {
    open.delete(own)
    if (open.size === 0 && queues.get(name) === open) queues.delete(name)
  }
}

function shown(value: NonNullable<Declared['width']> | Declared['rate']): string {
  return typeof value === 'object' && value !== null ? `${value.limit}/${value.per} ms` : String(value)
}
