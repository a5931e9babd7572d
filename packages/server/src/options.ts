import type { DurableQueue } from '@potoroo/queue'
import type { Hono, MiddlewareHandler } from 'hono'
import type { Clock } from 'potoroo'
import type { Registry } from 'prom-client'

/** What the server keeps per request: who asks from where, and what the token allows once it was checked. */
export interface ServerEnv {
  readonly Bindings: RequestInfo
  readonly Variables: { access: Access }
}

/** What a `Request` does not say about its sender. */
export interface RequestInfo {
  /** The address that wrong tokens are counted by; behind a proxy, the one that a trusted proxy forwarded. */
  readonly remoteAddress: string
}

/** What a token allows: everything, or to look. */
export type Access = 'admin' | 'read'

/** One request that was answered. For an event stream: that was begun to be answered. */
export interface RequestReport extends RequestInfo {
  readonly method: string
  /** With its parameters in place, without the query, which may hold a token. */
  readonly path: string
  /** As it was declared, such as `/api/queues/:queue`; `unmatched` if there is none. */
  readonly route: string
  readonly status: number
  readonly durationMs: number
}

export interface ServerOptions {
  readonly queues: readonly DurableQueue[]
  /** Allows everything. */
  readonly adminToken: string
  /** Allows GET and HEAD. Default: none. */
  readonly readToken?: string | undefined
  /**
   * The names that this server goes by: `host[:port]` as in a URL, or an origin such as `https://sms.example.com`, which
   * lets that scheme only be an `Origin` and makes the cookie `Secure`. A request with another Host or Origin is refused.
   * A function is asked at each request: a port may be known only after listening.
   */
  readonly hosts: readonly string[] | (() => readonly string[])
  /**
   * Adds the caller's own routes. They get all that the API's own get: the host and origin check, security headers, errors
   * as problems, 405, metrics. Put `requireToken` before those that are not public.
   */
  readonly routes?: (app: Hono<ServerEnv>, tools: RouteTools) => void
  /** Whether `/readyz` says so; it never does after `close`, nor while a queue is stopped. Default: it does. */
  readonly ready?: () => boolean
  /** Told of each request, for a log. */
  readonly onRequest?: (report: RequestReport) => void
  /** Told of faults: what was answered with 500, and what the store failed with. */
  readonly onError?: (error: unknown, request: { readonly method: string; readonly path: string }) => void
  /** Where the caller's own metrics are; given out at `/metrics` with the server's. */
  readonly registry?: Registry
  readonly clock?: Clock
}

export interface RouteTools {
  /** Lets those in who have a token, by header or cookie; the read-only one for GET and HEAD only. */
  readonly requireToken: MiddlewareHandler<ServerEnv>
}

export interface Server {
  /** Answers a request. Never rejects. */
  fetch(request: Request, info?: RequestInfo): Promise<Response>
  /**
   * Ends what is held open: event streams end, requests with `?wait=` are answered at once, and `/readyz` says 503. What comes
   * later is still answered, so call it first, and then stop the queues and the listener. Harmless the second time.
   */
  close(): void
}
