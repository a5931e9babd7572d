import { z } from 'zod'
import { jobErrorSchema, timeSchema } from './job.ts'

export const attemptSchema = z
  .object({
    attempt: z.int().positive().meta({ description: 'From 1; a job that is retried after it was over begins at 1 again' }),
    startTime: timeSchema,
    stopTime: timeSchema.nullable().meta({ description: 'null while it is underway' }),
    outcome: z.enum(['finished', 'failed', 'cancelled', 'lost']).nullable().meta({
      description: 'How it ended; lost: its process died, or lost its lease; null while it is underway',
    }),
    error: z.union([jobErrorSchema, z.null()]).meta({ description: 'What it failed with, or why it was cancelled' }),
  })
  .meta({ id: 'Attempt', description: 'One attempt of a job. Those that were given back are none.' })
export type Attempt = z.infer<typeof attemptSchema>

export const logLineSchema = z
  .object({ time: timeSchema, attempt: z.int().positive(), message: z.string() })
  .meta({ id: 'LogLine', description: 'A line that the handler has logged' })
export type LogLine = z.infer<typeof logLineSchema>

/** A job's past. */
export const historySchema = z
  .object({ attempts: z.array(attemptSchema), log: z.array(logLineSchema) })
  .meta({ id: 'History', description: "A job's last 50 attempts, and the last 200 lines that its handler logged; the oldest first." })
export type History = z.infer<typeof historySchema>
