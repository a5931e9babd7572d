import { isIPv6 } from 'node:net'
import { networkInterfaces } from 'node:os'

/** Every address of the machine. */
const WILDCARDS = new Set(['0.0.0.0', '::'])

/**
 * The names that a listener goes by, as `host:port`: the address listened on, or all of the machine's own if that is all of
 * them, and localhost; and the origin of the public URL. Addresses cannot be taken over by a foreign name server.
 */
export function namesOf(host: string, port: number, publicUrl: URL | undefined): string[] {
  const own = WILDCARDS.has(host)
    ? Object.values(networkInterfaces()).flatMap((all) => all?.map(({ address }) => address) ?? [])
    : []
  const names = ['localhost', host, ...own].map((name) => `${inUrl(name)}:${port}`)
  return publicUrl === undefined ? names : [...names, publicUrl.origin]
}

/** Where a browser on this machine finds it. */
export function localUrl(host: string, port: number): string {
  return `http://${WILDCARDS.has(host) ? 'localhost' : inUrl(host)}:${port}`
}

const inUrl = (host: string): string => (isIPv6(host) ? `[${host.replace(/%.*$/, '')}]` : host)
