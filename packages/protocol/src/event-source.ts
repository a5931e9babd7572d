import { ApiError } from './api-error.ts'
import type { ServerEvent } from './event.ts'
import { EventParser, type RawEvent } from './event-parser.ts'
import { jobSchema } from './job.ts'
import { queueSchema } from './queue.ts'

export interface EventsOptions {
  /** Ends the stream: the loop over it ends, without an error. */
  readonly signal?: AbortSignal
  /** Told when the stream is connected, and when it has lost its connection and tries again. */
  readonly onConnection?: (connected: boolean) => void
}

/** Opens the stream; `lastId` is where to resume. Rejects with ApiError for an answer other than 200. */
export type OpenEvents = (lastId: string, signal: AbortSignal) => Promise<Response>

/** Milliseconds without a word, heartbeats included, after which a connection counts as lost. */
const SILENCE = 45_000
const FIRST_WAIT = 1_000
const LONGEST_WAIT = 30_000

/**
 * The events of a server for as long as they are wanted: a broken connection is opened again, with a growing wait, and
 * resumed where it broke. Ends when the signal is aborted; throws ApiError only if the server refuses (a 4xx), for then
 * trying again does not help.
 */
export async function* readEvents(open: OpenEvents, options: EventsOptions = {}): AsyncGenerator<ServerEvent, void> {
  const { signal, onConnection } = options
  const parser: { lastId: string; retry: number | undefined } = { lastId: '', retry: undefined }
  let failures = 0
  while (!signal?.aborted) {
    const connection = new Connection(signal)
    try {
      const response = await open(parser.lastId, connection.signal)
      failures = 0
      onConnection?.(true)
      for await (const event of connection.read(response, parser)) yield event
    } catch (error) {
      if (signal?.aborted) return
      if (error instanceof ApiError && error.status < 500 && error.status !== 429) throw error
      failures++
    } finally {
      connection.close()
    }
    if (signal?.aborted) return
    onConnection?.(false)
    const wait = Math.min((parser.retry ?? FIRST_WAIT) * 2 ** Math.max(0, failures - 1), LONGEST_WAIT)
    // Jitter: the clients of a server that restarts must not all come at once.
    await sleep(wait * (0.5 + Math.random() / 2), signal)
  }
}

/** One connection: it is given up when nothing is heard for long, or when its owner has had enough. */
class Connection {
  readonly #controller = new AbortController()
  readonly #owner: AbortSignal | undefined
  readonly #abort = (): void => this.#controller.abort()
  #timer: ReturnType<typeof setTimeout>

  constructor(owner: AbortSignal | undefined) {
    this.#owner = owner
    this.#owner?.addEventListener('abort', this.#abort)
    this.#timer = setTimeout(this.#abort, SILENCE)
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  async *read(response: Response, state: { lastId: string; retry: number | undefined }): AsyncGenerator<ServerEvent> {
    if (response.body === null) return
    const parser = new EventParser(state.lastId)
    const reader = response.body.getReader()
    const decoder = new TextDecoder()
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      this.#heard()
      for (const raw of parser.push(decoder.decode(value, { stream: true }))) {
        // Noted before the event is handed out: whoever leaves the loop here has seen it.
        state.lastId = parser.lastId
        const event = toServerEvent(raw)
        if (event !== undefined) yield event
      }
      state.lastId = parser.lastId
      state.retry = parser.retry ?? state.retry
    }
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#owner?.removeEventListener('abort', this.#abort)
    this.#controller.abort()
  }

  #heard(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(this.#abort, SILENCE)
  }
}

/** An event of a kind that this client does not know, as a newer server may send, is passed over. */
function toServerEvent({ event, data }: RawEvent): ServerEvent | undefined {
  switch (event) {
    case 'job':
      return { type: 'job', job: jobSchema.parse(JSON.parse(data)) }
    case 'queue':
      return { type: 'queue', queue: queueSchema.parse(JSON.parse(data)) }
    case 'reset':
      return { type: 'reset' }
    default:
      return undefined
  }
}

function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal?.addEventListener('abort', end)
  })
}
