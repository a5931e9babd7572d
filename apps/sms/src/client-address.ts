import { isIP } from 'node:net'

/**
 * Who has sent a request. Behind a trusted proxy it is the last address in `X-Forwarded-For`, the one that the proxy itself has
 * seen; whatever stands before it is only what the client claims.
 */
export function clientAddress(forwardedFor: string | string[] | undefined, remoteAddress: string, trustProxy: boolean): string {
  const last = trustProxy ? [forwardedFor].flat().at(-1)?.split(',').at(-1)?.trim() : undefined
  return last !== undefined && isIP(last) !== 0 ? last : remoteAddress
}
