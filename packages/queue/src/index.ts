// The queue
export type {
  BlockedBy,
  DurableQueue,
  Explanation,
  Handler,
  PutOptions,
  QueueEvent,
  QueueOptions,
  RetryPolicy,
  Schema,
} from './api.ts'
export { type Attempt, DurableJob, type JobOwner } from './durable-job.ts'

export { openQueue } from './open-queue.ts'
export { memoryStore } from './memory-store.ts'
export { type MoveOptions, type MoveProgress, moveQueue } from './move-queue.ts'

// What a job and a store are
export {
  type AttemptOutcome,
  type AttemptRecord,
  endedAttempt,
  type JobHistory,
  KEPT_ATTEMPTS,
  KEPT_LINES,
  LINE_LENGTH,
  type LogLine,
  type StoredHistory,
} from './history.ts'
export { isOver, JOB_STATES, type JobError, type JobRecord, type JobState } from './record.ts'
export {
  type Arrival,
  arriving,
  checkHere,
  type Departed,
  type Departure,
  isLeaving,
  leaving,
  missing,
  type MovingJob,
  OUTBOX_LENGTH,
  type QueueMove,
  standsStill,
} from './moving.ts'
export { type JobEvent, newRecord, transition } from './transition.ts'
export * from './store.ts'
export { moved, type SetBack, setBack } from './set-back.ts'
export { type Beating, Silence } from './silence.ts'
export { type Cursor, readCursor, writeCursor } from './cursor.ts'
export { BatchedStore } from './batched-store.ts'
export type { Engine, EngineQueue, Notes } from './engine.ts'

// Errors
export {
  type ConflictCode,
  JobConflict,
  JobMoved,
  JobNotFound,
  MoveError,
  Permanent,
  POISONED,
  QueueArriving,
  QueueMoved,
  RetryAfter,
  StoreError,
  toJobError,
} from './errors.ts'
