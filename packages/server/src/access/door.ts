import type { Context, MiddlewareHandler } from 'hono'
import { getCookie, setCookie } from 'hono/cookie'
import type { Access, ServerEnv } from '../options.ts'
import { problem } from '../problem.ts'
import type { Hosts } from './hosts.ts'
import { cookieValue, type Tokens } from './tokens.ts'
import type { Tries } from './tries.ts'

/** Seconds that the cookie lasts: the token behind it does not end by itself either. */
const COOKIE_AGE = 30 * 86_400

const HOW = 'Send it as `Authorization: Bearer …`, or open the /admin?token=… link that was printed at the start.'

/** Where tokens are asked for. */
export class Door {
  readonly #tokens: Tokens
  readonly #tries: Tries
  readonly #hosts: Hosts

  constructor(tokens: Tokens, tries: Tries, hosts: Hosts) {
    this.#tokens = tokens
    this.#tries = tries
    this.#hosts = hosts
  }

  /** Lets those in who have a token: the read-only one for GET and HEAD only. */
  readonly requireToken: MiddlewareHandler<ServerEnv> = async (c, next) => {
    const access = await this.#check(c)
    const looksOnly = c.req.method === 'GET' || c.req.method === 'HEAD'
    if (access === 'read' && !looksOnly) throw problem('ERR_READ_ONLY')
    c.set('access', access)
    await next()
  }

  /**
   * Turns `/admin?token=…` into the cookie, and sends the browser on to the address without the token, so that it stays neither
   * in the address bar nor in the history.
   */
  readonly signIn: MiddlewareHandler<ServerEnv> = async (c, next) => {
    const token = c.req.query('token')
    if (token === undefined) return next()
    await this.#try(c, () => this.#tokens.ofToken(token))
    setCookie(c, cookieName(c), cookieValue(token), {
      httpOnly: true,
      sameSite: 'Strict',
      path: '/',
      maxAge: COOKIE_AGE,
      secure: this.#hosts.isSecure(new URL(c.req.url).host),
    })
    const site = c.req.header('sec-fetch-site') ?? 'none'
    if (site === 'none' || site === 'same-origin') return c.redirect('/admin', 303)
    // The link was followed on another site: browsers count a redirect as still coming from there, and keep back a Strict
    // cookie. A page of our own that goes on does not.
    c.header('refresh', '0; url=/admin')
    return c.html('<!doctype html><title>Signed in</title><p>Signed in. <a href="/admin">Go on</a>.</p>')
  }

  async #check(c: Context<ServerEnv>): Promise<Access> {
    const authorization = c.req.header('authorization')
    if (authorization !== undefined) {
      const token = /^Bearer +(\S+) *$/i.exec(authorization)?.[1]
      return this.#try(c, () => (token === undefined ? undefined : this.#tokens.ofToken(token)))
    }
    const cookie = getCookie(c, cookieName(c))
    if (cookie !== undefined) return this.#try(c, () => this.#tokens.ofCookie(cookie))
    throw problem('ERR_UNAUTHORIZED', `This needs a token. ${HOW}`)
  }

  async #try(c: Context<ServerEnv>, look: () => Access | undefined): Promise<Access> {
    const address = c.env.remoteAddress
    if (this.#tries.trusts(address)) {
      const access = look()
      if (access !== undefined) return access
    }
    const turn = this.#tries.turn(address)
    if (turn !== undefined && 'retryAfter' in turn) {
      throw problem('ERR_TOO_MANY_TRIES', 'Too many wrong tokens came from this address; wait a little.', {
        headers: { 'retry-after': String(turn.retryAfter) },
      })
    }
    await turn
    const access = look()
    if (access !== undefined) {
      this.#tries.right(address)
      return access
    }
    this.#tries.wrong(address)
    throw problem('ERR_UNAUTHORIZED', `That is not a token of this server. ${HOW}`)
  }
}

/** Cookies don't know ports: without the port in its name, two servers on one machine would sign each other's users out. */
function cookieName(c: Context): string {
  const { port } = new URL(c.req.url)
  return port === '' ? 'potoroo' : `potoroo-${port}`
}
