import type { Context, MiddlewareHandler } from 'hono'
import { problem } from '../problem.ts'
import type { Hosts } from './hosts.ts'

/** Paths that say nothing and do nothing, and that a load balancer asks for by whatever address it knows. */
const EXEMPT = new Set(['/healthz', '/readyz'])

/**
 * Refuses what does not come to one of the server's names (DNS rebinding: a foreign name that was made to point here), and
 * what a page of another site sends (another port is another site, though browsers count it as the same one).
 */
export function ownSite(hosts: Hosts): MiddlewareHandler {
  return async (c, next) => {
    if (!EXEMPT.has(c.req.path)) check(c, hosts)
    await next()
  }
}

function check(c: Context, hosts: Hosts): void {
  // An HTTP server makes the URL from the Host; where it comes from elsewhere (an absolute request line), both must be right.
  const host = c.req.header('host')
  if (!hosts.knows(new URL(c.req.url).host) || (host !== undefined && !hosts.knows(host))) {
    throw problem('ERR_FOREIGN_HOST', 'This server does not go by that name. If it should, set its public address.')
  }
  const origin = c.req.header('origin')
  const site = c.req.header('sec-fetch-site')
  const isForeign =
    (origin !== undefined && !hosts.isOwn(origin)) ||
    (site !== undefined && site !== 'same-origin' && site !== 'none' && !isLinkFollowed(c))
  if (isForeign) throw problem('ERR_FOREIGN_ORIGIN')
}

/** A link on another site that somebody followed: it opens a page here, and that site sees nothing of it. */
function isLinkFollowed(c: Context): boolean {
  return (
    (c.req.method === 'GET' || c.req.method === 'HEAD') &&
    c.req.header('sec-fetch-mode') === 'navigate' &&
    c.req.header('sec-fetch-dest') === 'document' &&
    !c.req.path.startsWith('/api/')
  )
}
