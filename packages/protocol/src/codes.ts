/**
 * Every `code` of an error that the API answers with, its status, and what it means: the one table. The server answers with
 * nothing else, and its OpenAPI document lists for each route the ones it can give.
 */
export const ERROR_CODES = {
  ERR_MALFORMED: { status: 400, meaning: 'The body is not well-formed JSON' },
  ERR_UNAUTHORIZED: { status: 401, meaning: 'No token, or a wrong one' },
  ERR_READ_ONLY: { status: 403, meaning: 'This token may look, and change nothing' },
  ERR_FOREIGN_HOST: { status: 403, meaning: 'The Host is not one of the names of this server' },
  ERR_FOREIGN_ORIGIN: { status: 403, meaning: 'The request comes from a page of another site, or of another port' },
  ERR_NOT_FOUND: { status: 404, meaning: 'There is nothing at this path' },
  ERR_QUEUE_NOT_FOUND: { status: 404, meaning: 'There is no such queue' },
  ERR_JOB_NOT_FOUND: { status: 404, meaning: 'There is no such job in this queue; it may have been pruned' },
  ERR_METHOD_NOT_ALLOWED: { status: 405, meaning: 'This path has other methods; Allow lists them' },
  ERR_JOB_OVER: { status: 409, meaning: 'The job is over already' },
  ERR_JOB_NOT_PENDING: { status: 409, meaning: 'The job is not pending' },
  ERR_JOB_NOT_OVER: { status: 409, meaning: 'The job is not failed or cancelled' },
  ERR_JOB_KEY_TAKEN: { status: 409, meaning: 'Another job with its key is pending or underway' },
  ERR_JOB_NOT_UNDERWAY: { status: 409, meaning: 'The job is not underway' },
  ERR_JOB_MOVED: { status: 410, meaning: 'The job is not here: its queue moves, or has moved, to another store' },
  ERR_QUEUE_MOVED: { status: 410, meaning: 'The queue has moved to another store' },
  ERR_TOO_LARGE: { status: 413, meaning: 'The body is longer than allowed' },
  ERR_UNSUPPORTED_TYPE: { status: 415, meaning: 'The body is not of the content type wanted' },
  ERR_INVALID: { status: 422, meaning: 'A field or parameter is missing, unknown or wrong; `errors` says which' },
  ERR_QUEUE_OVERFLOW: { status: 429, meaning: 'As many jobs are pending as the queue allows' },
  ERR_TOO_MANY_TRIES: { status: 429, meaning: 'Too many wrong tokens from this address' },
  ERR_TOO_MANY_REQUESTS: { status: 429, meaning: 'Too many requests from this address' },
  ERR_INTERNAL: { status: 500, meaning: 'A fault of the server, which has logged it' },
  ERR_QUEUE_STOPPED: { status: 503, meaning: 'The queue is stopping' },
  ERR_QUEUE_ARRIVING: { status: 503, meaning: 'The queue is still being moved here' },
  ERR_STOPPING: { status: 503, meaning: 'The server is stopping, or not ready yet' },
  ERR_TOO_MANY_STREAMS: { status: 503, meaning: 'As many event streams are open as the server allows' },
  ERR_STORE: { status: 503, meaning: 'The store could not do it; nothing of it is done' },
  ERR_STORE_FULL: { status: 507, meaning: 'The disk is full; nothing of it is done' },
} as const satisfies Record<string, { readonly status: number; readonly meaning: string }>

export type ErrorCode = keyof typeof ERROR_CODES
