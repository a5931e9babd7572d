import { type FieldError, problemSchema } from './problem.ts'

/** The server answered with an error, or with something that is no answer of this API. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  /** The HTTP status. */
  readonly status: number
  /** One of ERROR_CODES, or ERR_BAD_ANSWER if what came back is not an answer of this API. */
  readonly code: string
  /** What is wrong with which field, with ERR_INVALID. */
  readonly errors: readonly FieldError[]
  /** Seconds after which to try again, if the server said so. */
  readonly retryAfter: number | undefined

  constructor(
    status: number,
    code: string,
    message: string,
    more: { errors?: readonly FieldError[]; retryAfter?: number | undefined; cause?: unknown } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause })
    this.status = status
    this.code = code
    this.errors = more.errors ?? []
    this.retryAfter = more.retryAfter
  }

  /** The error that an answer stands for; the answer's body is read. */
  static async from(response: Response): Promise<ApiError> {
    const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
    const retryAfter = Number.isFinite(seconds) ? seconds : undefined
    const body: unknown = await response.json().catch(() => undefined)
    const { data: problem } = problemSchema.safeParse(body)
    if (problem === undefined) {
      const message = `${response.url || 'The server'} answered ${response.status} ${response.statusText}`.trimEnd()
      return new ApiError(response.status, 'ERR_BAD_ANSWER', message, { retryAfter })
    }
    return new ApiError(response.status, problem.code, problem.detail, { errors: problem.errors ?? [], retryAfter })
  }
}
