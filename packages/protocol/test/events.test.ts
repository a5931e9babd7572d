import { ApiError, createClient, type EventsOptions, type ServerEvent } from '@potoroo/protocol'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

const job = (id: string): object => ({
  id,
  queue: 'sms',
  arg: null,
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
})
const frame = (id: string, event: string, data: object): string => `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`

/** A stream that gives these pieces, and then ends, breaks, or stays open. */
function stream(pieces: (string | Uint8Array)[], end: 'ends' | 'breaks' | 'stays'): Response {
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const piece = pieces.shift()
      if (piece !== undefined) controller.enqueue(typeof piece === 'string' ? new TextEncoder().encode(piece) : piece)
      else if (end === 'ends') controller.close()
      else if (end === 'breaks') controller.error(new TypeError('terminated'))
    },
  })
  return new Response(body)
}

/** Follows a server that answers so, until nothing more is expected; gives the events, and the ids it was asked to resume after. */
function follow(answers: (Response | Error)[], options: EventsOptions = {}) {
  const resumed: (string | null)[] = []
  const seen: string[] = []
  const stop = new AbortController()
  const client = createClient({
    url: 'http://localhost:3000',
    fetch: (_, init) => {
      resumed.push(new Headers(init?.headers).get('last-event-id'))
      const answer = answers.shift()
      if (answer instanceof Response) {
        // As fetch does: the body fails when the request is given up.
        const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
        void answer.body?.pipeTo(writable, init?.signal ? { signal: init.signal } : {}).catch(() => {})
        return Promise.resolve(new Response(readable, { status: answer.status }))
      }
      return Promise.reject(answer ?? new Error('Nothing more was expected'))
    },
  })
  const done = (async () => {
    for await (const event of client.events({ ...options, signal: stop.signal })) seen.push(nameOf(event))
  })()
  return { resumed, seen, stop, done }
}

function nameOf(event: ServerEvent): string {
  return event.type === 'job' ? event.job.id : event.type
}

describe('following events', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => {
    expect(vi.getTimerCount()).toBe(0)
    vi.useRealTimers()
  })
  const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0)

  it('reads events in whatever pieces they come', async () => {
    const text = `retry: 10\nid: e-0\n\n: alive\n\n${frame('e-1', 'job', { ...job('é😀') })}${frame('e-2', 'reset', {})}`
    const bytes = new TextEncoder().encode(text)
    const pieces = Array.from({ length: bytes.length }, (_, at) => bytes.slice(at, at + 1))
    const { seen, stop, done } = follow([stream(pieces, 'stays')])
    await settle()
    expect(seen).toEqual(['é😀', 'reset'])
    stop.abort()
    await done
  })

  it('reads lines that end in CR LF or CR, and data of several lines', async () => {
    const data = JSON.stringify(job('a'), null, 1)
    const lines = ['event: job', ...data.split('\n').map((line) => `data:${line}`), '', '']
    const { seen, stop, done } = follow([stream([lines.join('\r\n'), lines.join('\r'), '\r'], 'stays')])
    await settle()
    expect(seen).toEqual(['a', 'a'])
    stop.abort()
    await done
  })

  it('comes back after the break, where it was, and waits longer from time to time', async () => {
    const connections: boolean[] = []
    const { seen, resumed, stop, done } = follow(
      [
        stream([`retry: 100\nid: e-0\n\n`, frame('e-1', 'job', job('a')), 'id: e-2\nevent: job\nda'], 'breaks'),
        new TypeError('fetch failed'),
        new Response('', { status: 502 }),
        stream([frame('e-2', 'job', job('b'))], 'ends'),
        stream([], 'stays'),
      ],
      { onConnection: (connected) => connections.push(connected) },
    )
    await settle()
    expect(seen).toEqual(['a'])
    await vi.advanceTimersByTimeAsync(49)
    expect(resumed).toEqual([null])
    await vi.advanceTimersByTimeAsync(100 + 100 + 200 + 400 + 100)
    expect(seen).toEqual(['a', 'b'])
    expect(resumed).toEqual([null, 'e-1', 'e-1', 'e-1', 'e-2'])
    expect(connections).toEqual([true, false, false, false, true, false, true])
    stop.abort()
    await done
  })

  it('gives up a connection that says nothing for long, not even that it lives', async () => {
    const { resumed, stop, done } = follow([stream(['id: e-7\n\n'], 'stays'), stream([], 'stays')])
    await vi.advanceTimersByTimeAsync(44_000)
    expect(resumed).toEqual([null])
    await vi.advanceTimersByTimeAsync(3_000)
    expect(resumed).toEqual([null, 'e-7'])
    stop.abort()
    await done
  })

  it('throws when the server refuses, because trying again does not help', async () => {
    const { done } = follow([new Response('', { status: 401 })])
    await expect(done).rejects.toThrow(ApiError)
  })

  it('ends at once when it is aborted, connected or waiting, and takes its timers with it', async () => {
    const connected = follow([stream([], 'stays')])
    const waiting = follow([new TypeError('fetch failed')])
    await settle()
    connected.stop.abort()
    waiting.stop.abort()
    await Promise.all([connected.done, waiting.done])
    const before = follow([])
    before.stop.abort()
    await before.done.catch(() => {})
  })

  it('passes over events that it does not know', async () => {
    const { seen, stop, done } = follow([stream([frame('e-1', 'weather', {}), frame('e-2', 'reset', {})], 'stays')])
    await settle()
    expect(seen).toEqual(['reset'])
    stop.abort()
    await done
  })
})
