import type { z } from 'zod'
import { ApiError } from './api-error.ts'
import type { ServerEvent } from './event.ts'
import { type EventsOptions, readEvents } from './event-source.ts'
import { type Explanation, explanationSchema } from './explanation.ts'
import { type History, historySchema } from './history.ts'
import { type Job, type JobPage, jobPageSchema, jobSchema, jobsSchema } from './job.ts'
import type { Put } from './put.ts'
import type { ListOptions } from './query.ts'
import { clearedSchema, type Queue, type QueuePatch, queueSchema, queuesSchema } from './queue.ts'

export interface ClientOptions {
  /** Where the server is, such as `http://localhost:3000`. In a page of the server itself: `location.origin`. */
  readonly url: string | URL
  /** Left out: the browser's cookie says who asks. */
  readonly token?: string
  /** Default: the platform's. */
  readonly fetch?: typeof globalThis.fetch
}

/** What every call takes. */
export interface CallOptions {
  /** Gives the call up; what it asked for may have been done. */
  readonly signal?: AbortSignal
}

/**
 * The HTTP API as methods. Each rejects with {@link ApiError} when the server answers with an error, with the signal's
 * reason when it is aborted, and with what `fetch` rejects with (a `TypeError`) when the server cannot be reached.
 *
 * @example
 * const client = createClient({ url: 'http://localhost:3000', token })
 * const job = await client.put('sms', { arg: { to: '+34600000000', text: 'hi' } })
 * const done = await client.job('sms', job.id, { wait: 30 })
 */
export class Client {
  readonly #url: string
  readonly #token: string | undefined
  readonly #fetch: typeof globalThis.fetch

  constructor(options: ClientOptions) {
    this.#url = String(options.url).replace(/\/+$/, '')
    this.#token = options.token
    // A browser's fetch must be called as a function of the window.
    this.#fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init))
  }

  /** Puts a job; with the key of a pending or underway job, gives that one. Resolves once it is committed. */
  put(queue: string, put: Put, options?: CallOptions): Promise<Job> {
    return this.#call(jobSchema, 'POST', jobsPath(queue), put, options)
  }

  /** Puts up to 10,000 jobs (and 1 MiB) in one commit: all or none. */
  async putMany(queue: string, puts: readonly Put[], options?: CallOptions): Promise<Job[]> {
    return (await this.#call(jobsSchema, 'POST', jobsPath(queue), puts, options)).jobs
  }

  /** One page of jobs: all in the order of arrival, pending in the order they will start, over with the latest first. */
  list(queue: string, list: ListOptions = {}, options?: CallOptions): Promise<JobPage> {
    const query = new URLSearchParams()
    for (const [name, value] of Object.entries(list)) if (value !== undefined) query.set(name, String(value))
    return this.#call(jobPageSchema, 'GET', `${jobsPath(queue)}${query.size > 0 ? `?${query}` : ''}`, undefined, options)
  }

  /** All jobs of a list, fetched page by page as the loop goes on. */
  async *jobs(queue: string, list: ListOptions = {}, options?: CallOptions): AsyncGenerator<Job, void> {
    let after = list.after
    do {
      const page = await this.list(queue, { ...list, ...(after === undefined ? {} : { after }) }, options)
      yield* page.jobs
      after = page.next ?? undefined
    } while (after !== undefined)
  }

  /** The job as it stands; with `wait`, once it is over or so many seconds (60 at most) have passed. */
  job(queue: string, id: string, options: CallOptions & { readonly wait?: number } = {}): Promise<Job> {
    const query = options.wait === undefined ? '' : `?wait=${options.wait}`
    return this.#call(jobSchema, 'GET', `${jobPath(queue, id)}${query}`, undefined, options)
  }

  reprioritize(queue: string, id: string, priority: number, options?: CallOptions): Promise<Job> {
    return this.#call(jobSchema, 'PATCH', jobPath(queue, id), { priority }, options)
  }

  cancel(queue: string, id: string, options?: CallOptions): Promise<Job> {
    return this.#call(jobSchema, 'DELETE', jobPath(queue, id), undefined, options)
  }

  retry(queue: string, id: string, options?: CallOptions): Promise<Job> {
    return this.#call(jobSchema, 'POST', `${jobPath(queue, id)}/retry`, undefined, options)
  }

  explain(queue: string, id: string, options?: CallOptions): Promise<Explanation> {
    return this.#call(explanationSchema, 'GET', `${jobPath(queue, id)}/explain`, undefined, options)
  }

  /** The job's attempts, with what they failed with, and what its handler logged; the oldest first. */
  history(queue: string, id: string, options?: CallOptions): Promise<History> {
    return this.#call(historySchema, 'GET', `${jobPath(queue, id)}/history`, undefined, options)
  }

  async queues(options?: CallOptions): Promise<Queue[]> {
    return (await this.#call(queuesSchema, 'GET', '/api/queues', undefined, options)).queues
  }

  queue(queue: string, options?: CallOptions): Promise<Queue> {
    return this.#call(queueSchema, 'GET', queuePath(queue), undefined, options)
  }

  /** Changes width (null for no limit), rate (null for none), paused; resolves with the queue once that is in force. */
  update(queue: string, patch: QueuePatch, options?: CallOptions): Promise<Queue> {
    return this.#call(queueSchema, 'PATCH', queuePath(queue), patch, options)
  }

  /** Cancels all that is pending; resolves with how many. */
  async clear(queue: string, options?: CallOptions): Promise<number> {
    return (await this.#call(clearedSchema, 'POST', `${queuePath(queue)}/clear`, undefined, options)).cancelled
  }

  /** What happens to jobs and queues from now on, over any number of broken connections; see {@link readEvents}. */
  events(options?: EventsOptions): AsyncGenerator<ServerEvent, void> {
    return readEvents(async (lastId, signal) => {
      const headers = this.#headers({ accept: 'text/event-stream', ...(lastId === '' ? {} : { 'last-event-id': lastId }) })
      const response = await this.#fetch(`${this.#url}/api/events`, { headers, signal, cache: 'no-store' })
      if (!response.ok) throw await ApiError.from(response)
      return response
    }, options)
  }

  async #call<S extends z.ZodType>(
    schema: S,
    method: string,
    path: string,
    body: unknown,
    options: CallOptions | undefined,
  ): Promise<z.infer<S>> {
    const response = await this.#fetch(this.#url + path, {
      method,
      headers: this.#headers(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(options?.signal ? { signal: options.signal } : {}),
    })
    if (!response.ok) throw await ApiError.from(response)
    const { data, error } = schema.safeParse(parse(await response.text()))
    if (error === undefined) return data
    throw new ApiError(response.status, 'ERR_BAD_ANSWER', `${method} ${path} gave no answer of this API`, { cause: error })
  }

  #headers(more: Record<string, string>): Record<string, string> {
    return this.#token === undefined ? more : { ...more, authorization: `Bearer ${this.#token}` }
  }
}

export function createClient(options: ClientOptions): Client {
  return new Client(options)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function queuePath(queue: string): string {
  return `/api/queues/${encodeURIComponent(queue)}`
}
function jobsPath(queue: string): string {
  return `${queuePath(queue)}/jobs`
}
function jobPath(queue: string, id: string): string {
  return `${jobsPath(queue)}/${encodeURIComponent(id)}`
}
