import type { Job, JobPage, JobState, Queue, QueuePatch } from '@potoroo/protocol'

const QUEUE = '/api/queues/sms'

/** A message as the admin sees it. */
export type SmsJob = Job & { readonly arg: { readonly to: string; readonly text: string } }

/** The server refused what was asked; the message is for people. */
export class ApiProblem extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export const api = {
  queue: () => call<Queue>('GET', QUEUE),
  update: (patch: QueuePatch) => call<Queue>('PATCH', QUEUE, patch),
  clear: () => call<{ cancelled: number }>('POST', `${QUEUE}/clear`),
  list: (state: JobState, after: string | null, limit: number) =>
    call<JobPage>('GET', `${QUEUE}/jobs?${new URLSearchParams({ state, limit: String(limit), ...(after === null ? {} : { after }) })}`),
  cancel: (id: string) => call<Job>('DELETE', `${QUEUE}/jobs/${id}`),
  retry: (id: string) => call<Job>('POST', `${QUEUE}/jobs/${id}/retry`),
  reprioritize: (id: string, priority: number) => call<Job>('PATCH', `${QUEUE}/jobs/${id}`, { priority }),
}

async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  const json = body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  const response = await fetch(path, { method, cache: 'no-store', ...json })
  if (response.ok) return (await response.json()) as T
  const { detail } = (await response.json().catch(() => ({}))) as { detail?: string }
  if (response.status === 401) throw new ApiProblem(401, 'You are not let in any more. Open the admin link of the service again.')
  throw new ApiProblem(response.status, detail ?? `The service answered with ${response.status}.`)
}
