import { backoff, type Clock, systemClock } from 'potoroo'
import { type DurableQueue, openQueue, type Rate, type Store } from '@potoroo/queue'
import { createServer, type RequestInfo, type Server } from '@potoroo/server'
import { AddressLimits } from './address-limits.ts'
import type { Carrier, Receipt, Sms } from './carrier/carrier.ts'
import { messageRoutes } from './messages.ts'
import { Pages } from './pages.ts'
import { smsSchema } from './sms-schema.ts'

export interface ServiceOptions {
  readonly store: Store
  readonly carrier: Carrier
  /** Whether the form says that no message leaves this machine. */
  readonly isSimulated: boolean
  readonly width: number
  readonly rate: Rate | null
  /** Milliseconds after which the messages of a service that is silent are given to others. Default 30,000. */
  readonly lease?: number
  /** How many messages each address may hand over; null for no limit. */
  readonly messagesRate: Rate | null
  readonly adminToken: string
  readonly readToken?: string | undefined
  /** The names that the service goes by, as `createServer` takes them. */
  readonly hosts: () => readonly string[]
  /** Whether `/readyz` says so. Default: as long as it runs. */
  readonly isReady?: () => boolean
  /** Told of what goes wrong in the background. */
  readonly onWarning: (error: Error) => void
  /** Told of the service's own faults. */
  readonly onError: (error: unknown) => void
  /** Milliseconds to wait after each failed attempt. */
  readonly retryDelays?: Iterable<number>
  readonly clock?: Clock
}

/** As the contract has it: five attempts, so four waits. */
const MAX_ATTEMPTS = 5
const RETRY_DELAYS = backoff({ tries: MAX_ATTEMPTS, now: false, initialDelay: 500, maxDelay: 60_000, jitter: 'full' })

/** The whole service but for its process: the queue of messages, the carrier that empties it, and the web in front. */
export class Service {
  readonly queue: DurableQueue<Sms, Receipt>
  readonly #server: Server

  private constructor(queue: DurableQueue<Sms, Receipt>, server: Server) {
    this.queue = queue
    this.#server = server
  }

  /** Opens the queue, takes back what a predecessor left underway, and begins to send. */
  static async open(options: ServiceOptions): Promise<Service> {
    const { store, carrier, width, rate, lease, clock, onWarning } = options
    const queue = await openQueue<Sms, Receipt>({
      name: 'sms',
      store,
      schema: smsSchema,
      width,
      rate,
      retry: { maxAttempts: MAX_ATTEMPTS, backoff: options.retryDelays ?? RETRY_DELAYS },
      handler: (sms, job) =>
        carrier.send(sms, { signal: job.signal, idempotencyKey: job.id, attemptToken: job.attemptToken! }),
      onWarning,
      ...(lease !== undefined && { lease }),
      ...(clock && { clock }),
    })
    return new Service(queue, serve(queue, options))
  }

  /** Answers a request. */
  fetch(request: Request, info: RequestInfo): Promise<Response> {
    return this.#server.fetch(request, info)
  }

  /**
   * Starts nothing more, takes no new messages, and waits for those underway: `within` ms at most, then they are put back for
   * the next start. Requests are still answered meanwhile; event streams end at once.
   */
  async stop(within: number): Promise<void> {
    this.#server.close()
    await this.queue.stop({ within })
  }
}

function serve(queue: DurableQueue<Sms, Receipt>, options: ServiceOptions): Server {
  const { adminToken, readToken, hosts, messagesRate, isSimulated, isReady, onError, clock } = options
  const limits = messagesRate === null ? undefined : new AddressLimits(messagesRate, clock ?? systemClock)
  const pages = new Pages({ carrier: isSimulated ? 'simulated' : 'real' })
  return createServer({
    queues: [queue as DurableQueue],
    adminToken,
    readToken,
    hosts,
    onError,
    ...(isReady && { ready: isReady }),
    ...(clock && { clock }),
    routes: (app, { requireToken }) => {
      messageRoutes(app, queue, limits)
      app.get('/', (c) => pages.answer('form.html', c.req.raw) ?? c.notFound())
      app.get('/admin', requireToken, (c) => pages.answer('admin.html', c.req.raw) ?? c.notFound())
      app.get('/assets/:name', (c) => pages.answer(c.req.param('name'), c.req.raw) ?? c.notFound())
    },
  })
}
