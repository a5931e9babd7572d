/**
 * Where a job stands. A job that waits for its time, or for another attempt, is pending.
 *
 * ```
 *            put                claim                 finish
 *   ────────────────▶ pending ────────▶ underway ───────────────▶ finished
 *                     │  ▲  ▲              │  │        fail, no attempts left, Permanent, PoisonedJob
 *                     │  │  └──────────────┘  └────────────────▶ failed ───┐
 *              cancel │  │   fail with attempts left,                      │
 *                     │  │   RetryAfter, put back, its process died        │
 *                     ▼  │                 │ cancel                        │
 *                 cancelled ◀──────────────┘                               │
 *                     │  └──── retry ─────◀────────────────────────────────┘
 * ```
 */
export type JobState = 'pending' | 'underway' | 'finished' | 'failed' | 'cancelled'

/** Every state, in the order that counts are shown in. */
export const JOB_STATES = ['pending', 'underway', 'finished', 'failed', 'cancelled'] as const satisfies JobState[]

/** What is kept of an error: an error itself cannot be stored. */
export interface JobError {
  readonly name: string
  readonly message: string
  readonly code: string | null
}

/**
 * A job as a store keeps it: plain, immutable, with user data as JSON text, so that a store neither parses it nor hands
 * out something that could be changed. Times are milliseconds since the epoch.
 */
export interface JobRecord {
  /** A UUID of version 7: unique over all machines, and not to be guessed. */
  readonly id: string
  readonly queue: string
  /** JSON text. */
  readonly arg: string
  /** Lower goes first. */
  readonly priority: number
  readonly state: JobState
  /** How many times it has been started, attempts that were given back not counted. */
  readonly attempt: number
  readonly maxAttempts: number
  /** Only one pending or underway job of a queue has this key. */
  readonly key: string | null
  /** Milliseconds that an attempt may take, or null. */
  readonly timeout: number | null
  readonly queuedTime: number
  /** Not to be started before. */
  readonly runAt: number
  /** When the last attempt started. */
  readonly startTime: number | null
  readonly stopTime: number | null
  /** JSON text, once finished. */
  readonly result: string | null
  /** Of the last attempt that failed, or why it was cancelled. */
  readonly error: JobError | null
  /** JSON text of what the handler reported last. */
  readonly progress: string | null
  /**
   * Of the attempt that holds one of the queue's places. It outlives the state `underway` when a job is cancelled or timed
   * out and its handler has not ended yet: the place is free, and another attempt may start, once this is null.
   */
  readonly token: string | null
}

export function isOver(state: JobState): boolean {
  return state === 'finished' || state === 'failed' || state === 'cancelled'
}
