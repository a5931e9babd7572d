import type { MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { problem } from './problem.ts'

/**
 * Refuses bodies of more than `max` bytes with 413, at once if their length is declared, and otherwise as soon as that many have
 * come: never more than that is kept. A body that is compressed is refused with 415, for its length says nothing.
 */
export function limitBody(max: number): MiddlewareHandler {
  const refuse = (): never => {
    throw problem('ERR_TOO_LARGE', `The body is longer than ${max.toLocaleString('en')} bytes; send less at once.`)
  }
  const limit = bodyLimit({ maxSize: max, onError: refuse })
  return (c, next) => {
    const encoding = c.req.header('content-encoding') ?? 'identity'
    if (encoding !== 'identity') {
      throw problem('ERR_UNSUPPORTED_TYPE', `Send the body as it is, not with Content-Encoding ${encoding}.`)
    }
    // To look at the body makes a stream of it, which takes longer than all else here: not where its length is declared,
    // beyond which no HTTP server reads.
    const length = c.req.header('content-length')
    if (length === undefined || c.req.header('transfer-encoding') !== undefined) return limit(c, next)
    return Number(length) > max ? refuse() : next()
  }
}
