import type { Settings } from '../settings.ts'
import { StartError } from '../start-error.ts'
import type { Carrier } from './carrier.ts'
import { CarrierClient } from './client.ts'
import { SimulatedProcess } from './simulated-process.ts'

/** A carrier that is ready to send. */
export interface OpenCarrier {
  readonly carrier: Carrier
  /** Undefined: it is a simulated one. */
  readonly url: URL | undefined
  readonly close: () => void
}

/** The number of the sender where there is nobody to ask for one: Twilio's own for tests. */
const SENDER = '+15005550006'

/**
 * The carrier of the settings, or a simulated one in a process of its own.
 *
 * @throws StartError if that cannot be started
 */
export async function openCarrier(
  { carrier, simulation }: Settings,
  onWarning: (message: string) => void,
): Promise<OpenCarrier> {
  if (carrier !== undefined) {
    const { url, account = 'local', token = 'local', from = SENDER } = carrier
    return { carrier: new CarrierClient({ url: () => url, account, token, from }), url, close: () => {} }
  }
  const simulated = await SimulatedProcess.start({ ...simulation, onWarning }).catch((error: unknown) => {
    throw new StartError((error as Error).message)
  })
  const client = new CarrierClient({ url: () => simulated.url, account: 'simulated', token: 'simulated', from: SENDER })
  return { carrier: client, url: undefined, close: () => simulated.stop() }
}
