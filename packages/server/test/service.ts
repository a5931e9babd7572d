import { type Client, createClient, type Job, type ProblemDetails, problemSchema } from '@potoroo/protocol'
import { type DurableJob, type DurableQueue, type Handler, memoryStore, openQueue, type QueueOptions } from '@potoroo/queue'
import { createServer, type Server, type ServerOptions } from '@potoroo/server'
import { Deferred, ManualClock } from 'potoroo'
import { expect } from 'vitest'

export const URL_ = 'http://localhost:3000'
export const ADMIN = 'the-admin-token'
export const READ = 'the-read-token'
export const JSON_TYPE = { 'content-type': 'application/json' }

/** A job that the handler has taken, and holds until it is told what to do. */
export interface Call {
  readonly arg: unknown
  readonly id: string
  readonly job: DurableJob
  readonly signal: AbortSignal
  finish(result?: unknown): void
  fail(error: Error): void
}

export interface Service extends AsyncDisposable {
  readonly server: Server
  readonly queue: DurableQueue
  readonly clock: ManualClock
  readonly client: Client
  /** What the handler has been called with. */
  readonly calls: Call[]
  /** What `onError` was told. */
  readonly faults: unknown[]
  /** A request with the admin token, unless the headers say otherwise. */
  ask(path: string, init?: RequestInit & { readonly from?: string }): Promise<Response>
  send(method: string, path: string, body: unknown): Promise<Response>
}

type Options = Partial<ServerOptions> & { readonly queueOptions?: Partial<QueueOptions<unknown, unknown>>; readonly idle?: boolean }

/** A server over one real queue named `sms`, in memory, with time in the test's hands. */
export async function startService({ queueOptions, idle = false, ...options }: Options = {}): Promise<Service> {
  const clock = new ManualClock(Date.UTC(2026, 6, 26, 9, 30))
  const calls: Call[] = []
  const faults: unknown[] = []
  const handler: Handler<unknown, unknown> = (arg, job) => {
    const result = new Deferred<unknown>().cancelOn(job.signal)
    calls.push({
      arg,
      id: job.id,
      job,
      signal: job.signal,
      finish: (value = 'done') => result.callback(value),
      fail: (error) => result.errback(error),
    })
    return result
  }
  const queue = await openQueue<unknown, unknown>({
    name: 'sms',
    store: memoryStore(),
    width: 2,
    clock,
    ...(idle ? {} : { handler }),
    ...queueOptions,
  })
  const server = createServer({
    queues: [queue],
    adminToken: ADMIN,
    readToken: READ,
    hosts: ['localhost:3000'],
    clock,
    onError: (error) => faults.push(error),
    ...options,
  })
  const plain = (input: string | URL | Request, init: RequestInit & { readonly from?: string } = {}): Promise<Response> =>
    server.fetch(new Request(input, init), { remoteAddress: init.from ?? '192.0.2.1' })
  const ask: Service['ask'] = (path, init = {}) => {
    const headers = new Headers(init.headers)
    if (!headers.has('authorization') && !headers.has('cookie')) headers.set('authorization', `Bearer ${ADMIN}`)
    return plain(URL_ + path, { ...init, headers })
  }
  return {
    server,
    queue,
    clock,
    calls,
    faults,
    ask,
    client: createClient({ url: URL_, token: ADMIN, fetch: (input, init) => plain(input as string, init) }),
    send: (method, path, body) => ask(path, { method, headers: JSON_TYPE, body: JSON.stringify(body) }),
    async [Symbol.asyncDispose]() {
      server.close()
      await queue.stop({ cancelUnderway: true })
      expect(clock.pendingTimers, 'timers left behind').toBe(0)
    },
  }
}

/** The problem that an answer must be. */
export async function problemOf(response: Response): Promise<ProblemDetails> {
  expect(response.headers.get('content-type')).toBe('application/problem+json')
  const problem = problemSchema.parse(await response.json())
  expect(problem.status).toBe(response.status)
  return problem
}

export async function jobOf(response: Response): Promise<Job> {
  return (await response.json()) as Job
}

/** Lets everything that is ready to happen happen: no time passes. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** Waits for something that needs no time, only turns of the event loop. */
export async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; !condition(); turn++) {
    if (turn > 1_000) throw new Error('It does not happen')
    await new Promise((resolve) => setImmediate(resolve))
  }
}
