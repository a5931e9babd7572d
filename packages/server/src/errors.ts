import { type ConflictCode, JobConflict, JobMoved, JobNotFound, QueueArriving, QueueMoved, StoreError } from '@potoroo/queue'
import { HTTPException } from 'hono/http-exception'
import { QueueOverflow, QueueStopped } from 'potoroo'
import { Problem, problem } from './problem.ts'

/** Codes of wrong use that only what was sent can be the cause of: the schema of a queue has the last word on an argument. */
const SENT = /^ERR_(INVALID_(ARGUMENT|ATTEMPTS|CURSOR|KEY|PRIORITY|RATE|TIME|WIDTH)|NOT_JSON)$/

/** What an error is for the sender. Whatever is not known is a fault of the server, and says nothing. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error
  if (error instanceof JobNotFound) return problem('ERR_JOB_NOT_FOUND', error.message)
  if (error instanceof JobMoved) return problem('ERR_JOB_MOVED', error.message)
  if (error instanceof QueueMoved) return problem('ERR_QUEUE_MOVED', error.message)
  if (error instanceof QueueArriving) return problem('ERR_QUEUE_ARRIVING', error.message)
  if (error instanceof JobConflict) return problem(error.code as ConflictCode, error.message)
  if (error instanceof QueueOverflow) return problem('ERR_QUEUE_OVERFLOW', error.message)
  if (error instanceof QueueStopped) return problem('ERR_QUEUE_STOPPED')
  // Its own words may name files.
  if (error instanceof StoreError) return problem(error.code === 'ERR_STORE_FULL' ? 'ERR_STORE_FULL' : 'ERR_STORE')
  if (error instanceof HTTPException) return ofHttp(error)
  if (error instanceof Error && 'code' in error && SENT.test(String(error.code))) {
    return problem('ERR_INVALID', error.message, { errors: [{ path: '', message: error.message }] })
  }
  return problem('ERR_INTERNAL', 'Something went wrong here; the log of the server says what.')
}

/** Whether somebody who runs the server should hear of it. */
export function isFault(error: unknown): boolean {
  return error instanceof StoreError || toProblem(error).status === 500
}

/** What the HTTP library found. */
function ofHttp(error: HTTPException): Problem {
  if (error.status === 415) return problem('ERR_UNSUPPORTED_TYPE', 'Send JSON, with Content-Type application/json.')
  return problem('ERR_MALFORMED', 'The body is not well-formed JSON.')
}
