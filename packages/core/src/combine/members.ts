import { Deferred } from '../deferred/deferred.ts'
import { usageError } from '../errors.ts'

/**
 * The members of a combination, once and for all: the iterable may be one that can be gone through only once.
 *
 * @throws TypeError ERR_NOT_A_LIST if there is nothing to go through
 */
export function membersOf(items: Iterable<unknown>): unknown[] {
  // A deferred can be iterated, for the sake of `yield*`; taken for a list of itself, a deferred *of* a list would surprise.
  if (items instanceof Deferred || typeof (items as Partial<Iterable<unknown>> | null)?.[Symbol.iterator] !== 'function') {
    throw usageError(TypeError, 'ERR_NOT_A_LIST', 'The members come in one array, or another iterable; await a deferred of a list first')
  }
  return [...items]
}
