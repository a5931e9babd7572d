import { z } from 'zod'
import { jobStateSchema } from './job.ts'

export const MAX_LIMIT = 500
/** The longest `?wait=`, in seconds: what holds a request longer than this runs into the time-outs of proxies. */
export const MAX_WAIT = 60

/** The query of `GET …/jobs`. Everything in a query is text. */
export const listQuerySchema = z.strictObject({
  state: jobStateSchema.optional().meta({ description: 'Only jobs in this state. Pending: in the order they will start' }),
  after: z.string().min(1).max(500).optional().meta({ description: 'The `next` of the page before' }),
  limit: z
    .string()
    .regex(/^\d{1,9}$/, 'Must be a whole number')
    .transform(Number)
    .pipe(z.int().min(1).max(MAX_LIMIT))
    .default(50)
    .meta({ type: 'integer', minimum: 1, maximum: MAX_LIMIT, default: 50 }),
})
export interface ListOptions {
  readonly state?: z.infer<typeof jobStateSchema>
  readonly after?: string
  /** How many on a page: 50, at most 500. */
  readonly limit?: number
}

/** The query of `GET …/jobs/{id}`. */
export const waitQuerySchema = z.strictObject({
  wait: z
    .string()
    .regex(/^\d{1,9}(\.\d{1,9})?$/, 'Must be a number of seconds')
    .transform(Number)
    .pipe(z.number().max(MAX_WAIT))
    .optional()
    .meta({
      type: 'number',
      minimum: 0,
      maximum: MAX_WAIT,
      description: 'Hold the answer until the job is over, or so many seconds',
    }),
})

export const noQuerySchema = z.strictObject({})
