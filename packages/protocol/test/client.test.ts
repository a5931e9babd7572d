import { ApiError, createClient, type Job } from '@potoroo/protocol'
import { describe, expect, it } from 'vitest'

const JOB: Job = {
  id: 'some-id',
  queue: 'sms',
  arg: { to: '+34600000000' },
  priority: 0,
  state: 'pending',
  attempt: 0,
  maxAttempts: 5,
  key: null,
  timeout: null,
  queuedTime: '2026-07-26T09:30:00.000Z',
  runAt: '2026-07-26T09:30:00.000Z',
  startTime: null,
  stopTime: null,
  result: null,
  error: null,
  progress: null,
}
const QUEUE = {
  name: 'sms',
  width: null,
  rate: { limit: 1, per: 1000 },
  paused: false,
  heldUntil: null,
  places: 0,
  counts: { pending: 0, underway: 0, finished: 0, failed: 0, cancelled: 0 },
}

interface Asked {
  readonly method: string
  readonly url: string
  readonly body: unknown
  readonly headers: Headers
}

/** A client of a server that gives these answers, one after the other; and what it was asked. */
function clientOf(...answers: (Response | Error)[]): { client: ReturnType<typeof createClient>; asked: Asked[] } {
  const asked: Asked[] = []
  const client = createClient({
    url: 'http://localhost:3000/',
    token: 'secret',
    fetch: async (input, init) => {
      const request = new Request(input, init)
      const body: unknown = request.body === null ? undefined : await request.json()
      asked.push({ method: request.method, url: request.url, body, headers: request.headers })
      request.signal.throwIfAborted()
      const answer = answers.shift()
      if (answer instanceof Response) return answer
      throw answer ?? new Error('Nothing more was expected')
    },
  })
  return { client, asked }
}

describe('the client', () => {
  const calls: [what: string, call: (client: ReturnType<typeof createClient>) => Promise<unknown>, asked: string, body: unknown, answer: unknown, gives: unknown][] = [
    ['put', (c) => c.put('sms', { arg: 1, key: 'k' }), 'POST /api/queues/sms/jobs', { arg: 1, key: 'k' }, JOB, JOB],
    ['putMany', (c) => c.putMany('sms', [{ arg: 1 }]), 'POST /api/queues/sms/jobs', [{ arg: 1 }], { jobs: [JOB] }, [JOB]],
    ['list', (c) => c.list('sms'), 'GET /api/queues/sms/jobs', undefined, { jobs: [], next: null }, { jobs: [], next: null }],
    ['job', (c) => c.job('sms', 'a/b?'), 'GET /api/queues/sms/jobs/a%2Fb%3F', undefined, JOB, JOB],
    ['job, waited for', (c) => c.job('sms', 'x', { wait: 2.5 }), 'GET /api/queues/sms/jobs/x?wait=2.5', undefined, JOB, JOB],
    ['reprioritize', (c) => c.reprioritize('sms', 'x', -1), 'PATCH /api/queues/sms/jobs/x', { priority: -1 }, JOB, JOB],
    ['cancel', (c) => c.cancel('sms', 'x'), 'DELETE /api/queues/sms/jobs/x', undefined, JOB, JOB],
    ['retry', (c) => c.retry('sms', 'x'), 'POST /api/queues/sms/jobs/x/retry', undefined, JOB, JOB],
    ['queues', (c) => c.queues(), 'GET /api/queues', undefined, { queues: [QUEUE] }, [QUEUE]],
    ['queue', (c) => c.queue('a.b'), 'GET /api/queues/a.b', undefined, QUEUE, QUEUE],
    ['update', (c) => c.update('sms', { width: null }), 'PATCH /api/queues/sms', { width: null }, QUEUE, QUEUE],
    ['clear', (c) => c.clear('sms'), 'POST /api/queues/sms/clear', undefined, { cancelled: 3 }, 3],
  ]
  it.each(calls)('%s asks as it should, and gives what was answered', async (_, call, line, body, answer, gives) => {
    const { client, asked } = clientOf(Response.json(answer))
    expect(await call(client)).toEqual(gives)
    expect(asked).toHaveLength(1)
    expect(`${asked[0]!.method} ${asked[0]!.url.slice('http://localhost:3000'.length)}`).toBe(line)
    expect(asked[0]!.body).toEqual(body)
    expect(asked[0]!.headers.get('authorization')).toBe('Bearer secret')
    expect(asked[0]!.headers.get('content-type')).toBe(body === undefined ? null : 'application/json')
  })

  it('goes through a list page by page, and asks for no more than is wanted', async () => {
    const page = (ids: string[], next: string | null): Response =>
      Response.json({ jobs: ids.map((id) => ({ ...JOB, id })), next })
    const { client, asked } = clientOf(page(['1', '2'], 'n1'), page(['3', '4'], 'n2'))
    const ids: string[] = []
    for await (const { id } of client.jobs('sms', { state: 'pending', limit: 2 })) {
      ids.push(id)
      if (id === '3') break
    }
    expect(ids).toEqual(['1', '2', '3'])
    expect(asked.map(({ url }) => new URL(url).search)).toEqual(['?state=pending&limit=2', '?state=pending&limit=2&after=n1'])
  })

  it('passes fields over that a newer server adds', async () => {
    const { client } = clientOf(Response.json({ ...JOB, colour: 'red' }))
    expect(await client.job('sms', 'x')).toEqual(JOB)
  })

  it('gives the call up when its signal says so', async () => {
    const { client } = clientOf(Response.json(JOB))
    await expect(client.job('sms', 'x', { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough')
  })
})

describe('an error', () => {
  it('has the status and the code of the answer, and what is wrong where', async () => {
    const problem = {
      type: 'about:blank',
      title: 'Unprocessable Content',
      status: 422,
      code: 'ERR_INVALID',
      detail: 'priority: Required',
      errors: [{ path: 'priority', message: 'Required' }],
    }
    const { client } = clientOf(Response.json(problem, { status: 422 }))
    const error = await client.put('sms', { arg: 1 }).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(ApiError)
    expect(error).toMatchObject({ status: 422, code: 'ERR_INVALID', message: 'priority: Required', errors: problem.errors })
  })

  it('says after how long to try again', async () => {
    const problem = { type: 'about:blank', title: 'x', status: 429, code: 'ERR_QUEUE_OVERFLOW', detail: 'Full' }
    const { client } = clientOf(Response.json(problem, { status: 429, headers: { 'retry-after': '7' } }))
    await expect(client.put('sms', { arg: 1 })).rejects.toMatchObject({ code: 'ERR_QUEUE_OVERFLOW', retryAfter: 7 })
  })

  it.each([
    ['of a proxy', new Response('<h1>Bad Gateway</h1>', { status: 502 }), 502],
    ['that is none of this API', Response.json({ hello: 1 }), 200],
    ['that is no JSON', new Response('hello'), 200],
  ])('for an answer %s is ERR_BAD_ANSWER', async (_, answer, status) => {
    const { client } = clientOf(answer)
    await expect(client.queue('sms')).rejects.toMatchObject({ name: 'ApiError', status, code: 'ERR_BAD_ANSWER' })
  })

  it('is that of fetch when the server cannot be reached', async () => {
    const { client } = clientOf(new TypeError('fetch failed'))
    await expect(client.queues()).rejects.toThrow(TypeError)
  })
})
