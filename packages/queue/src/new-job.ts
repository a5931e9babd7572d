import { Deferred, maybeDeferred, usageError } from 'potoroo'
import type { PutOptions, Schema } from './api.ts'
import { checkAttempts, checkPriority, checkRunAt, checkTimeout, toJson } from './checks.ts'
import { makeId } from './id.ts'
import type { NewJob } from './store.ts'

/** A job as it is to be stored, its options checked and the queue's defaults filled in. */
export function newJob(
  arg: unknown,
  { priority = 0, delay, runAt, key, maxAttempts, timeout }: PutOptions,
  defaults: { readonly retry: { readonly maxAttempts: number }; readonly timeout?: number },
  now: number,
): NewJob {
  if (key !== undefined && (typeof key !== 'string' || key === '' || key.length > 1000)) {
    throw usageError(TypeError, 'ERR_INVALID_KEY', 'A key is a string of 1 to 1,000 characters')
  }
  const limit = timeout ?? defaults.timeout
  return {
    id: makeId(now),
    arg: toJson(arg, "A job's argument"),
    priority: checkPriority(priority),
    runAt: checkRunAt(delay, runAt, now),
    key: key ?? null,
    maxAttempts: checkAttempts(maxAttempts ?? defaults.retry.maxAttempts),
    timeout: limit === undefined || limit === Infinity ? null : checkTimeout(limit),
  }
}

/** The items with their arguments as the schema gives them; fails with ERR_INVALID_ARGUMENT if one does not pass. */
export function checkArg<A, I extends { readonly arg: A }>(schema: Schema<A>, items: readonly I[]): Deferred<I[]> {
  const checked: I[] = []
  const next = (): unknown => {
    for (;;) {
      const item = items[checked.length]
      if (item === undefined) return checked
      const result = schema['~standard'].validate(item.arg)
      if (result instanceof Promise || result instanceof Deferred) {
        return Deferred.from(result).addCallback((late) => {
          keep(item, late)
          return next()
        })
      }
      keep(item, result as Awaited<typeof result>)
    }
  }
  const keep = (item: I, result: Awaited<ReturnType<Schema<A>['~standard']['validate']>>): void => {
    if (result.issues !== undefined) {
      const said = result.issues.map(({ message, path }) => (path?.length ? `${path.map(pathPart).join('.')}: ${message}` : message))
      throw usageError(TypeError, 'ERR_INVALID_ARGUMENT', `The argument does not fit the queue's schema: ${said.join('; ')}`)
    }
    checked.push({ ...item, arg: result.value })
  }
  return maybeDeferred(next) as Deferred<I[]>
}

function pathPart(part: unknown): string {
  return String(typeof part === 'object' && part !== null && 'key' in part ? part.key : part)
}
