import type { MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { problem } from './problem.ts'

/**
 * Refuses bodies of more than `max` bytes with 413, at once if their length is declared, and otherwise as soon as that many have
 * come: never more than that is kept. A body that is compressed is refused with 415, for its length says nothing.
 */
export function limitBody(max: number): MiddlewareHandler {
  const limit = bodyLimit({
    maxSize: max,
    onError: () => {
      throw problem('ERR_TOO_LARGE', `The body is longer than ${max.toLocaleString('en')} bytes; send less at once.`)
    },
  })
  return (c, next) => {
    const encoding = c.req.header('content-encoding') ?? 'identity'
    if (encoding !== 'identity') {
      throw problem('ERR_UNSUPPORTED_TYPE', `Send the body as it is, not with Content-Encoding ${encoding}.`)
    }
    return limit(c, next)
  }
}
