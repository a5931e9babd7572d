/**
 * Makes an error without the stack that takes most of the time of making one: of a job's errors, it would show
 * nothing but the queue itself. Where the handler threw is in the stack of the `cause`.
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
