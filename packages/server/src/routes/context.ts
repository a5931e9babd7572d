import type { OpenAPIHono } from '@hono/zod-openapi'
import type { DurableJob, DurableQueue } from '@potoroo/queue'
import { type Clock, usageError } from 'potoroo'
import { z } from 'zod'
import type { Held } from '../held.ts'
import type { ServerEnv } from '../options.ts'
import { problem } from '../problem.ts'

/** What routes work with. */
export interface RouteContext {
  readonly app: OpenAPIHono<ServerEnv>
  readonly queues: Queues
  readonly held: Held
  readonly clock: Clock
}

/** The queues by name. */
export class Queues {
  readonly all: readonly DurableQueue[]
  readonly #byName: ReadonlyMap<string, DurableQueue>

  /** @throws RangeError if two have one name */
  constructor(all: readonly DurableQueue[]) {
    this.all = all
    this.#byName = new Map(all.map((queue) => [queue.name, queue]))
    if (this.#byName.size < all.length) throw usageError(TypeError, 'ERR_SAME_NAME', 'Two of the queues have the same name: by that they are asked for')
  }

  /** @throws Problem ERR_QUEUE_NOT_FOUND */
  get(name: string): DurableQueue {
    const queue = this.#byName.get(name)
    if (queue === undefined) {
      throw problem('ERR_QUEUE_NOT_FOUND', 'There is no queue of that name here; GET /api/queues lists them.')
    }
    return queue
  }

  /**
   * A job of a queue.
   *
   * @throws Problem ERR_QUEUE_NOT_FOUND, ERR_JOB_NOT_FOUND
   */
  async job(name: string, id: string): Promise<DurableJob> {
    return this.get(name).job(checkId(id))
  }
}

/**
 * An id as it can be. Stores are not asked about others: PostgreSQL takes a NUL character for a fault.
 *
 * @throws Problem ERR_JOB_NOT_FOUND
 */
export function checkId(id: string): string {
  if (!/^[\w-]{1,100}$/.test(id)) throw problem('ERR_JOB_NOT_FOUND')
  return id
}

export const queueParams = z.object({ queue: z.string().meta({ description: "The queue's name", example: 'sms' }) })
export const jobParams = queueParams.extend({ id: z.string().meta({ description: "The job's id" }) })
