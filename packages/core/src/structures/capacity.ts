import { usageError } from '../errors.ts'

/** How much a structure may hold. Each is a whole number, zero or more; no limit unless given. */
export interface Capacity {
  /** How many items there may be. */
  readonly size?: number | undefined
  /** How many may wait for an item. */
  readonly backlog?: number | undefined
}

/** @throws RangeError ERR_INVALID_SIZE unless `limit` is a whole number, zero or more, or `Infinity` */
export function checkCapacity(limit: number, name: string): number {
  if ((Number.isSafeInteger(limit) && limit >= 0) || limit === Infinity) return limit
  throw usageError(RangeError, 'ERR_INVALID_SIZE', `${name} is a whole number, zero or more; got ${String(limit)}`)
}
