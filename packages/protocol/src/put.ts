import { z } from 'zod'
import { MAX_NESTING, nestsWithin } from './nesting.ts'

/** The longest delay: a hundred years in milliseconds. What is later than that cannot be told from a mistake. */
export const MAX_DELAY = 100 * 365.25 * 86_400_000
export const MAX_ATTEMPTS = 1_000_000
/** How many jobs one request may put. */
export const MAX_BATCH = 10_000
/** How long a request body may be, in bytes. */
export const MAX_BODY = 1_048_576

export const prioritySchema = z.number().meta({ description: 'Lower goes first' })

/** What `POST …/jobs` takes. Unknown fields are refused: a misspelt option must not be silently ignored. */
export const putSchema = z
  .strictObject({
    arg: z
      .unknown()
      .refine((arg) => arg !== undefined, 'Required')
      .refine((arg) => nestsWithin(arg, MAX_NESTING), `Must not be nested more than ${MAX_NESTING} levels deep`)
      .meta({ description: 'What the handler is called with: any JSON' }),
    priority: prioritySchema.optional(),
    delay: z.number().min(0).max(MAX_DELAY).optional().meta({ description: 'Milliseconds before it may start' }),
    runAt: z.iso
      .datetime({ offset: true })
      .optional()
      .meta({ description: 'The time before which it may not start, ISO 8601; not together with `delay`' }),
    key: z
      .string()
      .min(1)
      .max(1000)
      .refine((key) => !key.includes('\0'), 'Must not contain a NUL character')
      .optional()
      .meta({ description: 'While a job with this key is pending or underway, a put gives that job' }),
    maxAttempts: z.int().min(1).max(MAX_ATTEMPTS).optional().meta({ description: 'How many attempts it has, the first included' }),
    timeout: z.number().min(1).max(MAX_DELAY).optional().meta({ description: 'Milliseconds that an attempt may take' }),
  })
  .refine((put) => put.delay === undefined || put.runAt === undefined, {
    path: ['runAt'],
    message: 'Give delay or runAt, not both',
  })
  .meta({ id: 'Put', required: ['arg'] })
export type Put = z.input<typeof putSchema>

export const putManySchema = z.array(putSchema).max(MAX_BATCH)

export const putBodySchema = z.union([putSchema, putManySchema])

export const jobPatchSchema = z.strictObject({ priority: prioritySchema }).meta({ id: 'JobPatch' })
export type JobPatch = z.infer<typeof jobPatchSchema>
