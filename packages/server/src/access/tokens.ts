import { createHmac, hash, timingSafeEqual } from 'node:crypto'
import { usageError } from 'potoroo'
import type { Access } from '../options.ts'

interface Known {
  readonly access: Access
  /** Digests, because only values of one length can be compared in constant time. */
  readonly token: Buffer
  readonly cookie: Buffer
}

/** The tokens that let somebody in, and the cookie values that stand for them. */
export class Tokens {
  readonly #known: readonly Known[]

  /** @throws TypeError ERR_INVALID_TOKEN if a token cannot be sent in a header, or both are the same */
  constructor(admin: string, read: string | undefined) {
    for (const token of read === undefined ? [admin] : [admin, read]) {
      // No space: where a token ends must be clear.
      if (typeof token !== 'string' || !/^[!-~]+$/.test(token)) throw invalidToken('A token is of one or more ASCII letters, digits and signs, without spaces')
    }
    if (admin === read) throw invalidToken('The read-only token must not be the admin token')
    this.#known = [know('admin', admin), ...(read === undefined ? [] : [know('read', read)])]
  }

  /** What a token allows. */
  ofToken(token: string): Access | undefined {
    return this.#find(digest(token), 'token')
  }

  /** What a cookie's value allows. */
  ofCookie(value: string): Access | undefined {
    return this.#find(digest(value), 'cookie')
  }

  #find(given: Buffer, kind: 'token' | 'cookie'): Access | undefined {
    let access: Access | undefined
    // All are compared, whatever the first says: the time it takes tells nothing.
    for (const known of this.#known) if (timingSafeEqual(known[kind], given)) access = known.access
    return access
  }
}

/**
 * What the cookie holds instead of the token: whoever finds it in a browser's files has not got the token itself. Derived and
 * not drawn, so that it outlives a restart.
 */
export function cookieValue(token: string): string {
  return createHmac('sha256', token).update('potoroo cookie').digest('base64url')
}

function invalidToken(message: string): TypeError {
  return usageError(TypeError, 'ERR_INVALID_TOKEN', message)
}

function know(access: Access, token: string): Known {
  return { access, token: digest(token), cookie: digest(cookieValue(token)) }
}

function digest(text: string): Buffer {
  return hash('sha256', text, 'buffer')
}
