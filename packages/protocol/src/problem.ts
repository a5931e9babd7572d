import { z } from 'zod'

/** One thing that is wrong with a request. */
export const fieldErrorSchema = z.object({
  path: z.string().meta({ description: 'Where: as `rate.limit`, `3.arg`; empty for the whole', example: 'rate.limit' }),
  message: z.string(),
})
export type FieldError = z.infer<typeof fieldErrorSchema>

/** Every error, as `application/problem+json` (RFC 9457). */
export const problemSchema = z
  .object({
    type: z.string().meta({ description: 'Always about:blank: `code` tells errors apart' }),
    title: z.string().meta({ description: 'The status in words' }),
    status: z.int(),
    code: z.string().meta({ description: 'Stable across versions: compare this' }),
    detail: z.string().meta({ description: 'A sentence for people' }),
    errors: z.array(fieldErrorSchema).optional().meta({ description: 'The first of what is wrong, with ERR_INVALID' }),
  })
  .meta({ id: 'Problem', description: 'An error (RFC 9457).' })
export type ProblemDetails = z.infer<typeof problemSchema>
