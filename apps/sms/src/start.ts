import type { Logger } from 'pino'
import { localUrl, namesOf } from './addresses.ts'
import { banner, type BannerLine } from './banner.ts'
import { openCarrier } from './carrier/open-carrier.ts'
import { clientAddress } from './client-address.ts'
import { keptToken } from './data-folder.ts'
import { openKeep } from './keep.ts'
import { Listener } from './listener.ts'
import { Service } from './service.ts'
import type { Settings } from './settings.ts'
import { formatDuration, formatRate } from './units.ts'

/** A service that runs. */
export interface Running {
  /** Stops cleanly. */
  readonly stop: () => Promise<void>
}

/**
 * Starts everything in this process, and says on standard output where it is.
 *
 * @throws StartError or StoreError, with a sentence for whoever has started it
 */
export async function start(settings: Settings, log: Logger): Promise<Running> {
  const keep = openKeep(settings, (message) => log.warn(message))
  const adminToken = settings.adminToken ?? keptToken(settings.storePath)

  // The port first: whoever starts a second service by mistake must not have it send messages for a moment.
  let service: Service | undefined
  const listener = await Listener.open(settings.host, settings.port, (request, { headers, socket }) => {
    if (service === undefined) return new Response('Starting', { status: 503, headers: { 'retry-after': '1' } })
    const remoteAddress = clientAddress(headers['x-forwarded-for'], socket.remoteAddress ?? '', settings.trustProxy)
    return service.fetch(request, { remoteAddress })
  })
  const names = namesOf(settings.host, listener.port, settings.publicUrl)

  const { carrier, url: carrierUrl, close: closeCarrier } = await openCarrier(settings, (message) => log.warn(message))
  service = await Service.open({
    store: keep.store,
    isReady: keep.isInReach,
    carrier,
    isSimulated: carrierUrl === undefined,
    width: settings.width,
    rate: settings.rate,
    lease: settings.lease,
    messagesRate: settings.messagesRate,
    adminToken,
    readToken: settings.readToken,
    hosts: () => names,
    onWarning: (err) => log.warn({ err }, 'Something went wrong in the background'),
    onError: (err) => log.error({ err }, 'A request failed through a fault of this service'),
  })

  const { width, rate } = await service.queue.status()
  const running = service
  process.stdout.write(banner('Potoroo SMS', describe(), process.stdout))
  return {
    async stop() {
      process.stdout.write(`Stopping: what is underway gets ${formatDuration(settings.grace)}. Once more to stop at once.\n`)
      await running.stop(settings.grace)
      await listener.close()
      closeCarrier()
      process.stdout.write('Stopped. The messages that were not sent go out after the next start.\n')
    },
  }

  function describe(): BannerLine[] {
    const local = localUrl(settings.host, listener.port)
    const base = settings.publicUrl?.origin ?? local
    return [
      { label: 'Form', text: `${base}/${base === local ? '' : `  (listening on ${local}/)`}` },
      {
        label: 'Admin',
        text: settings.adminToken === undefined ? `${base}/admin?token=${adminToken}` : `${base}/admin  (with your token)`,
      },
      { label: 'Data', text: keep.description },
      {
        label: 'Carrier',
        text: carrierUrl?.origin ?? 'simulated: no message leaves this machine  (CARRIER_URL names a real one)',
      },
      { label: 'Pace', text: `${width} at once, ${rate === null ? 'no limit on starts' : `${formatRate(rate)} started at most`}` },
    ]
  }
}
