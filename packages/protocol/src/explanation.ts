import { z } from 'zod'
import { jobStateSchema, timeSchema } from './job.ts'

export const blockedBySchema = z.enum(['width', 'rate', 'held', 'paused', 'delay', 'no-worker', 'moving'])
export type BlockedBy = z.infer<typeof blockedBySchema>

/** Why a job is not running. */
export const explanationSchema = z
  .object({
    state: jobStateSchema,
    position: z.int().nullable().meta({ description: '1 for the next to start; null if it is not in line' }),
    blockedBy: blockedBySchema.nullable().meta({
      description: 'What keeps it, or would keep it next, from starting; null if nothing does',
    }),
    estimatedStart: timeSchema.nullable().meta({ description: 'null if nobody can say' }),
  })
  .meta({ id: 'Explanation' })
export type Explanation = z.infer<typeof explanationSchema>
