import { ERROR_CODES, type ErrorCode } from '@potoroo/protocol'
import type { z } from 'zod'

/** What every route under `/api` may answer with. */
const ALWAYS = [
  'ERR_UNAUTHORIZED',
  'ERR_FOREIGN_HOST',
  'ERR_FOREIGN_ORIGIN',
  'ERR_INVALID',
  'ERR_TOO_MANY_TRIES',
  'ERR_INTERNAL',
] as const satisfies ErrorCode[]

/** What a route that asks a queue may answer with besides. */
export const QUEUE_ERRORS = ['ERR_QUEUE_NOT_FOUND', 'ERR_QUEUE_MOVED', 'ERR_QUEUE_ARRIVING', 'ERR_QUEUE_STOPPED', 'ERR_STORE'] as const satisfies ErrorCode[]
export const JOB_ERRORS = [...QUEUE_ERRORS, 'ERR_JOB_NOT_FOUND', 'ERR_JOB_MOVED'] as const satisfies ErrorCode[]
/** What a route that changes something may answer with besides. */
export const CHANGE_ERRORS = ['ERR_READ_ONLY', 'ERR_STORE_FULL'] as const satisfies ErrorCode[]
/** What a route with a body may answer with besides. */
export const BODY_ERRORS = ['ERR_MALFORMED', 'ERR_TOO_LARGE', 'ERR_UNSUPPORTED_TYPE'] as const satisfies ErrorCode[]

/** A JSON answer, for the document. */
export function json<S extends z.ZodType>(schema: S, description: string): JsonAnswer<S> {
  return { description, content: { 'application/json': { schema } } }
}
interface JsonAnswer<S extends z.ZodType> {
  description: string
  content: { 'application/json': { schema: S } }
}

/** Errors of an API route, for the document. */
export function apiErrors(...codes: ErrorCode[]): NoAnswers {
  return errors(...ALWAYS, ...codes)
}

/**
 * Errors, for the document: by status, with the codes that may come. For the types they are none of a route's answers: handlers
 * throw them.
 */
export function errors(...codes: ErrorCode[]): NoAnswers {
  const statuses = new Set(codes.map((code) => ERROR_CODES[code].status))
  return Object.fromEntries(
    [...statuses].map((status) => [status, answer(codes.filter((code) => ERROR_CODES[code].status === status))]),
  ) as NoAnswers
}
type NoAnswers = Record<never, never>

function answer(codes: readonly ErrorCode[]): object {
  return {
    description: codes.map((code) => `${code}: ${ERROR_CODES[code].meaning}`).join('. '),
    content: {
      'application/problem+json': {
        schema: { allOf: [{ $ref: '#/components/schemas/Problem' }, { properties: { code: { enum: codes } } }] },
      },
    },
  }
}
