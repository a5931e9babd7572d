import type { MiddlewareHandler } from 'hono'

/** Makes an `Error` of whatever else is thrown: the HTTP library passes nothing else to its error handler. */
export const onlyErrors: MiddlewareHandler = async (_, next) => {
  try {
    await next()
  } catch (thrown) {
    throw thrown instanceof Error ? thrown : new Error('Something that is no Error was thrown', { cause: thrown })
  }
}
