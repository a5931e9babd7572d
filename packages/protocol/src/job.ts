import { z } from 'zod'

/** A moment as it travels: ISO 8601, UTC, with milliseconds. */
export const timeSchema = z.iso.datetime({ precision: 3 }).meta({
  description: 'ISO 8601, UTC, with milliseconds',
  example: '2026-07-26T09:30:00.000Z',
})

export const jobStateSchema = z.enum(['pending', 'underway', 'finished', 'failed', 'cancelled']).meta({
  id: 'JobState',
  description: 'Where a job stands. One that waits for its time, or for another attempt, is pending.',
})
export type JobState = z.infer<typeof jobStateSchema>

export const jobErrorSchema = z
  .object({ name: z.string(), message: z.string(), code: z.string().nullable() })
  .meta({ id: 'JobError', description: 'What is kept of the error of the last attempt, or of why a job was cancelled.' })
export type JobError = z.infer<typeof jobErrorSchema>

/** A job as it stood at one moment. */
export const jobSchema = z
  .object({
    id: z.string().meta({ description: "Unique over all machines; the handler's idempotency key" }),
    queue: z.string(),
    arg: z.unknown().meta({ description: 'What it was put with: any JSON' }),
    priority: z.number().meta({ description: 'Lower goes first' }),
    state: jobStateSchema,
    attempt: z.int().nonnegative().meta({ description: 'Which attempt is underway or was the last; 0 before the first' }),
    maxAttempts: z.int().positive(),
    key: z.string().nullable().meta({ description: 'No other pending or underway job of the queue has it' }),
    timeout: z.number().nullable().meta({ description: 'Milliseconds that an attempt may take; null for no limit' }),
    queuedTime: timeSchema,
    runAt: timeSchema.meta({ description: 'Not to be started before' }),
    startTime: timeSchema.nullable().meta({ description: 'When the last attempt started' }),
    stopTime: timeSchema.nullable().meta({ description: 'When it was finished, failed or cancelled' }),
    result: z.unknown().meta({ description: 'What the handler returned; null unless finished' }),
    error: z.union([jobErrorSchema, z.null()]),
    progress: z.unknown().meta({ description: 'What the handler reported last: any JSON, or null' }),
  })
  .meta({
    id: 'Job',
    description: 'A job as it stood at one moment.',
    // The generator takes a field of any type for one that may be missing.
    required: [
      ...['id', 'queue', 'arg', 'priority', 'state', 'attempt', 'maxAttempts', 'key', 'timeout', 'queuedTime', 'runAt'],
      ...['startTime', 'stopTime', 'result', 'error', 'progress'],
    ],
  })
export type Job = z.infer<typeof jobSchema>

/** Several jobs that were put at once, in the order they were given. */
export const jobsSchema = z.object({ jobs: z.array(jobSchema) }).meta({ id: 'Jobs' })

/** One page of a list. */
export const jobPageSchema = z
  .object({
    jobs: z.array(jobSchema),
    next: z.string().nullable().meta({ description: 'Give it as `after` for the next page; null on the last one' }),
  })
  .meta({ id: 'JobPage' })
export type JobPage = z.infer<typeof jobPageSchema>

/** Whether nothing more happens to a job in this state, unless it is retried. */
export function isOver(state: JobState): boolean {
  return state === 'finished' || state === 'failed' || state === 'cancelled'
}
