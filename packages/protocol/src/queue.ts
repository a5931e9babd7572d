import { z } from 'zod'
import { timeSchema } from './job.ts'

/** The longest window of a rate: a day in milliseconds. The store remembers the starts of a whole window. */
export const MAX_RATE_PER = 86_400_000
export const MAX_RATE_LIMIT = 1_000_000
export const MAX_WIDTH = 1_000_000

export const rateSchema = z
  .strictObject({
    limit: z.int().min(1).max(MAX_RATE_LIMIT),
    per: z.int().min(1).max(MAX_RATE_PER).meta({ description: 'Milliseconds' }),
  })
  .meta({ id: 'Rate', description: 'At most `limit` starts in any window of `per` milliseconds' })
export type Rate = z.infer<typeof rateSchema>

/** JSON has no Infinity: a width without a limit is null. */
export const widthSchema = z.int().min(0).max(MAX_WIDTH).nullable().meta({
  description: 'How many jobs may be underway at once over all processes; null for no limit',
})

const nullableRateSchema = z.union([rateSchema, z.null()]).meta({ description: 'null for no limit' })

export const countsSchema = z
  .object({
    pending: z.int(),
    underway: z.int(),
    finished: z.int(),
    failed: z.int(),
    cancelled: z.int(),
  })
  .meta({ id: 'Counts' })
export type Counts = z.infer<typeof countsSchema>

/** A queue as it stands. */
export const queueSchema = z
  .object({
    name: z.string(),
    width: z.number().nullable().meta({ description: 'How many jobs may be underway at once; null for no limit' }),
    rate: z
      .union([z.object({ limit: z.number(), per: z.number() }), z.null()])
      .meta({ description: 'At most `limit` starts in any `per` milliseconds; null for no limit' }),
    paused: z.boolean(),
    heldUntil: timeSchema.nullable().meta({ description: 'Nothing starts before this time; null if nothing holds it back' }),
    places: z.int().meta({ description: 'Places taken: more than `underway` while a cancelled attempt has not ended' }),
    counts: countsSchema,
  })
  .meta({ id: 'Queue' })
export type Queue = z.infer<typeof queueSchema>

export const queuesSchema = z.object({ queues: z.array(queueSchema) }).meta({ id: 'Queues' })

/** What `PATCH /api/queues/{q}` takes: what is left out stays. */
export const queuePatchSchema = z
  .strictObject({
    width: widthSchema.optional(),
    rate: nullableRateSchema.optional(),
    paused: z.boolean().optional(),
  })
  .refine((patch) => Object.keys(patch).length > 0, 'Give at least one of width, rate and paused')
  .meta({ id: 'QueuePatch' })
export type QueuePatch = z.infer<typeof queuePatchSchema>

export const clearedSchema = z.object({ cancelled: z.int() }).meta({ id: 'Cleared', description: 'How many were cancelled' })
