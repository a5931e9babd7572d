import type { Job } from './job.ts'
import type { Queue } from './queue.ts'

/**
 * What `GET /api/events` tells, as server-sent events named by `type`: the data of a `job` event is the job, that of a
 * `queue` event the queue, and `reset` says that something was missed (another process answers now, or the break was too
 * long): read again what you show.
 */
export type ServerEvent =
  | { readonly type: 'job'; readonly job: Job }
  | { readonly type: 'queue'; readonly queue: Queue }
  | { readonly type: 'reset' }
