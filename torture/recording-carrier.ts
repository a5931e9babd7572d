import { TOKEN_SEPARATOR } from '@potoroo/queue'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Random } from './random.ts'

/** One request as the carrier saw it. */
export interface Arrival {
  /** The job's id, which the service gives as the idempotency key. */
  readonly id: string
  readonly attempt: string
  readonly at: number
  /** When the answer was given; undefined if the connection was gone by then. */
  answeredAt: number | undefined
}

/** A carrier that writes down all it is asked, in this process, which outlives the service. */
export class RecordingCarrier {
  readonly arrivals: Arrival[] = []
  /** The most requests of one process of the service that were open at once. */
  mostOpen = 0
  /** How many are open, by the worker in the attempt token: what a dead process has sent may arrive after it was killed. */
  readonly #open = new Map<string, number>()
  readonly #server: Server
  readonly #latency: () => number
  #onArrival: (() => void) | undefined

  /** @param latency how long an answer takes, in ms */
  private constructor(latency: () => number) {
    this.#latency = latency
    this.#server = createServer((request, response) => this.#answer(request, response))
  }

  static async listen(random: Random, slowest: number): Promise<RecordingCarrier> {
    const carrier = new RecordingCarrier(() => random.between(1, slowest))
    await new Promise<void>((resolve) => carrier.#server.listen(0, '127.0.0.1', resolve))
    return carrier
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Resolves after `count` more requests have arrived. */
  arrived(count: number): Promise<void> {
    if (count <= 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#onArrival = () => {
        if (--count > 0) return
        this.#onArrival = undefined
        resolve()
      }
    })
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const arrival: Arrival = {
      id: String(request.headers['idempotency-key']),
      attempt: String(request.headers['attempt-token']),
      at: performance.now(),
      answeredAt: undefined,
    }
    request.resume()
    this.arrivals.push(arrival)
    const worker = arrival.attempt.split(TOKEN_SEPARATOR)[0]!
    const count = (by: number): number => {
      const open = (this.#open.get(worker) ?? 0) + by
      this.#open.set(worker, open)
      return open
    }
    this.mostOpen = Math.max(this.mostOpen, count(1))
    this.#onArrival?.()
    const timer = setTimeout(() => {
      count(-1)
      arrival.answeredAt = performance.now()
      response.writeHead(201, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ sid: `SM${arrival.id}`, status: 'queued' }))
    }, this.#latency())
    response.on('close', () => {
      if (arrival.answeredAt !== undefined) return
      clearTimeout(timer)
      count(-1)
    })
  }
}
