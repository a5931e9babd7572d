// The client
export { ApiError } from './api-error.ts'
export { type CallOptions, Client, type ClientOptions, createClient } from './client.ts'
export type { EventsOptions } from './event-source.ts'

// What travels
export type { ServerEvent } from './event.ts'
export { type BlockedBy, blockedBySchema, type Explanation, explanationSchema } from './explanation.ts'
export { type Attempt, attemptSchema, type History, historySchema, type LogLine, logLineSchema } from './history.ts'
export {
  isOver,
  type Job,
  type JobError,
  jobErrorSchema,
  type JobPage,
  jobPageSchema,
  jobSchema,
  jobsSchema,
  type JobState,
  jobStateSchema,
  timeSchema,
} from './job.ts'
export {
  type JobPatch,
  jobPatchSchema,
  MAX_BATCH,
  MAX_BODY,
  MAX_DELAY,
  type Put,
  putBodySchema,
  putManySchema,
  putSchema,
} from './put.ts'
export { type ListOptions, listQuerySchema, MAX_LIMIT, MAX_WAIT, noQuerySchema, waitQuerySchema } from './query.ts'
export {
  clearedSchema,
  type Counts,
  countsSchema,
  type Queue,
  type QueuePatch,
  queuePatchSchema,
  queueSchema,
  queuesSchema,
  type Rate,
  rateSchema,
} from './queue.ts'

// Errors
export { ERROR_CODES, type ErrorCode } from './codes.ts'
export { type FieldError, fieldErrorSchema, type ProblemDetails, problemSchema } from './problem.ts'
