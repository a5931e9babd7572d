import { type DurableQueue, JOB_STATES } from '@potoroo/queue'
import type { MiddlewareHandler } from 'hono'
import { matchedRoutes } from 'hono/route'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Gauge, Histogram, Registry } from 'prom-client'
import type { RequestReport, ServerEnv } from './options.ts'

/** Method and route make a metric's labels, so both come from a known set: a stranger must not make up new ones. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
const UNMATCHED = 'unmatched'

export interface MetricsOptions {
  readonly queues: readonly DurableQueue[]
  readonly streams: () => number
  readonly registry: Registry | undefined
  readonly onRequest: ((report: RequestReport) => void) | undefined
  readonly onError: (error: unknown) => void
}

/** What `/metrics` tells. Requests are counted as they come; all else is looked up when somebody asks. */
export class Metrics {
  readonly #options: MetricsOptions
  readonly #registry = new Registry()
  readonly #queues: QueueGauges
  readonly #requests: Histogram<'method' | 'route' | 'status'>
  readonly #streams: Gauge
  readonly #delay: Gauge<'quantile'>
  #loop: ReturnType<typeof monitorEventLoopDelay> | undefined

  constructor(options: MetricsOptions) {
    this.#options = options
    const registers = [this.#registry]
    this.#queues = new QueueGauges(registers)
    this.#requests = new Histogram({
      name: 'http_request_duration_seconds',
      help: 'How long answering took, by route; for an event stream, until it began',
      labelNames: ['method', 'route', 'status'],
      registers,
    })
    this.#streams = new Gauge({ name: 'potoroo_event_streams', help: 'Event streams that are open', registers })
    this.#delay = new Gauge({
      name: 'potoroo_event_loop_delay_seconds',
      help: 'How late the event loop was, since the last scrape; the first one starts measuring',
      labelNames: ['quantile'],
      registers,
    })
  }

  /** Measures and reports each request. Goes before everything else. */
  readonly observe: MiddlewareHandler<ServerEnv> = async (c, next) => {
    const started = performance.now()
    await next()
    const durationMs = performance.now() - started
    const method = METHODS.has(c.req.method) ? c.req.method : 'OTHER'
    const route = matchedRoutes(c).findLast((each) => each.method !== 'ALL')?.path ?? UNMATCHED
    const status = c.res.status
    this.#requests.observe({ method, route, status }, durationMs / 1_000)
    const { remoteAddress } = c.env
    this.#options.onRequest?.({ method: c.req.method, path: c.req.path, route, status, durationMs, remoteAddress })
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  /** All metrics, in the text format of Prometheus. */
  async scrape(): Promise<string> {
    await Promise.all(this.#options.queues.map((queue) => this.#queues.read(queue, this.#options.onError)))
    this.#streams.set(this.#options.streams())
    this.#readDelay()
    const own = this.#options.registry
    return own === undefined ? this.#registry.metrics() : `${await this.#registry.metrics()}${await own.metrics()}`
  }

  close(): void {
    this.#loop?.disable()
  }

  /** Measuring keeps a timer going: not before the first scrape. */
  #readDelay(): void {
    if (this.#loop === undefined) {
      this.#loop = monitorEventLoopDelay({ resolution: 20 })
      this.#loop.enable()
    }
    for (const [quantile, value] of [
      ['0.5', this.#loop.percentile(50)],
      ['0.99', this.#loop.percentile(99)],
      ['1', this.#loop.max],
    ] as const) {
      this.#delay.set({ quantile }, value / 1e9)
    }
    this.#loop.reset()
  }
}

/** The gauges of all queues. */
class QueueGauges {
  readonly #up: Gauge<'queue'>
  readonly #jobs: Gauge<'queue' | 'state'>
  readonly #width: Gauge<'queue'>
  readonly #rate: Gauge<'queue'>
  readonly #paused: Gauge<'queue'>
  readonly #places: Gauge<'queue'>

  constructor(registers: Registry[]) {
    const gauge = (name: string, help: string): Gauge<'queue'> => new Gauge({ name, help, labelNames: ['queue'], registers })
    this.#up = gauge('potoroo_queue_up', 'Whether the store answered when the queue was last asked')
    this.#jobs = new Gauge({
      name: 'potoroo_queue_jobs',
      help: 'Jobs by state; those that are over only as long as they are kept',
      labelNames: ['queue', 'state'],
      registers,
    })
    this.#width = gauge('potoroo_queue_width', 'How many jobs may be underway at once')
    this.#rate = gauge('potoroo_queue_rate_per_second', 'How many starts per second are allowed; +Inf for no limit')
    this.#paused = gauge('potoroo_queue_paused', 'Whether nothing starts because the queue is paused')
    this.#places = gauge('potoroo_queue_places_taken', 'Places of the width that are taken')
  }

  /** Asks a queue. One that cannot answer has no numbers, rather than old ones. */
  async read(queue: DurableQueue, onError: (error: unknown) => void): Promise<void> {
    const labels = { queue: queue.name }
    try {
      const { counts, width, rate, paused, places } = await queue.status()
      this.#up.set(labels, 1)
      for (const [state, count] of Object.entries(counts)) this.#jobs.set({ ...labels, state }, count)
      this.#width.set(labels, width)
      this.#rate.set(labels, rate === null ? Infinity : (rate.limit / rate.per) * 1_000)
      this.#paused.set(labels, paused ? 1 : 0)
      this.#places.set(labels, places)
    } catch (error) {
      if (!queue.stopped) onError(error)
      this.#up.set(labels, 0)
      for (const state of JOB_STATES) this.#jobs.remove({ ...labels, state })
      for (const gauge of [this.#width, this.#rate, this.#paused, this.#places]) gauge.remove(labels)
    }
  }
}
