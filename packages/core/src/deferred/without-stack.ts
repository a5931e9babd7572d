/**
 * Makes an error without the stack that takes most of the time of making one. A cancellation's would lead from whoever looks
 * at it to nowhere in particular, and that of a job's error through the queue: where the handler threw is in its `cause`.
 */
export function withoutStack<E extends Error>(make: () => E): E {
  const engine = Error as { stackTraceLimit?: number | undefined }
  const limit = engine.stackTraceLimit
  try {
    engine.stackTraceLimit = 0
  } catch {
    // `Error` is frozen: this error has a stack, then.
    return make()
  }
  try {
    return make()
  } finally {
    engine.stackTraceLimit = limit
  }
}
