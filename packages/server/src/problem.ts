import { ERROR_CODES, type ErrorCode, type FieldError, type ProblemDetails } from '@potoroo/protocol'

export interface ProblemOptions {
  readonly errors?: readonly FieldError[]
  readonly headers?: Readonly<Record<string, string>>
  readonly cause?: unknown
}

/**
 * An error to answer with: throw it in a route, and the server answers `application/problem+json` (RFC 9457), or a plain page
 * where a browser asked for one.
 */
export class Problem extends Error {
  override readonly name = 'Problem'
  /** The HTTP status. */
  readonly status: number
  /** Stable across versions. */
  readonly code: string
  readonly errors: readonly FieldError[] | undefined
  readonly headers: Readonly<Record<string, string>>

  /** @param detail a sentence for people; it is sent, so it must not tell internals */
  constructor(status: number, code: string, detail: string, options: ProblemOptions = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause })
    this.status = status
    this.code = code
    this.errors = options.errors
    this.headers = options.headers ?? {}
  }

  toJSON(): ProblemDetails {
    return {
      type: 'about:blank',
      title: TITLES[this.status] ?? 'Error',
      status: this.status,
      code: this.code,
      detail: this.message,
      ...(this.errors === undefined ? {} : { errors: [...this.errors] }),
    }
  }
}

/** One of the API's own errors, with its status; without a detail, with the sentence of the table. */
export function problem(code: ErrorCode, detail?: string, options: ProblemOptions = {}): Problem {
  const { status, meaning } = ERROR_CODES[code]
  const headers = { ...RETRY_LATER[code], ...options.headers }
  return new Problem(status, code, detail ?? `${meaning}.`, { ...options, headers })
}

const RETRY_LATER: Partial<Record<ErrorCode, Record<string, string>>> = {
  ERR_UNAUTHORIZED: { 'www-authenticate': 'Bearer realm="potoroo"' },
  ERR_QUEUE_OVERFLOW: { 'retry-after': '1' },
  ERR_QUEUE_STOPPED: { 'retry-after': '5' },
  ERR_QUEUE_ARRIVING: { 'retry-after': '5' },
  ERR_STOPPING: { 'retry-after': '5' },
  ERR_STORE: { 'retry-after': '5' },
  ERR_STORE_FULL: { 'retry-after': '60' },
  ERR_TOO_MANY_STREAMS: { 'retry-after': '5' },
}

const TITLES: Record<number, string> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  410: 'Gone',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
  507: 'Insufficient Storage',
}
