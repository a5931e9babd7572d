import { isIPv6 } from 'node:net'

/**
 * Whose request this is, for limits. Behind a trusted proxy it is the last address in `X-Forwarded-For`, the one that the
 * proxy itself has seen; anything before it is what the client claims. Of an IPv6 address the first 64 bits count: whoever
 * has one has all the others of that network.
 */
export function clientAddress(headers: Headers, remoteAddress: string, trustProxy: boolean): string {
  const forwarded = trustProxy ? headers.get('x-forwarded-for')?.split(',').at(-1)?.trim() : undefined
  const address = (forwarded || remoteAddress).replace(/^::ffff:(?=\d+\.)/i, '')
  return isIPv6(address) ? network(address) : address
}

function network(address: string): string {
  const [head = '', tail] = address.replace(/%.*$/, '').split('::')
  const groups = head === '' ? [] : head.split(':')
  if (tail !== undefined) {
    const last = tail === '' ? [] : tail.split(':')
    while (groups.length + last.length < 8) groups.push('0')
    groups.push(...last)
  }
  return `${groups.slice(0, 4).map((group) => parseInt(group, 16).toString(16)).join(':')}::/64`
}
