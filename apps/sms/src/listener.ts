import { once } from 'node:events'
import type { IncomingMessage, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { explainSystemError, StartError } from './start-error.ts'

type Answer = (request: Request, incoming: IncomingMessage) => Response | Promise<Response>

/** Milliseconds that requests still being answered get when the listener closes. */
const PATIENCE = 1_000

/** A port that is listened on. */
export class Listener {
  readonly #server: Server
  readonly port: number

  private constructor(server: Server) {
    this.#server = server
    this.port = (server.address() as AddressInfo).port
  }

  /** @throws StartError if it cannot be listened there */
  static async open(host: string, port: number, answer: Answer): Promise<Listener> {
    const server = createAdaptorServer({
      fetch: (request, { incoming }) => answer(request, incoming as IncomingMessage),
    }) as Server
    server.listen(port, host)
    try {
      await once(server, 'listening')
    } catch (error) {
      throw new StartError(`Cannot listen on ${host}, port ${port}: ${explainSystemError(error)}`)
    }
    return new Listener(server)
  }

  /** Takes no more connections; those that are in use are cut if they are not done soon. */
  async close(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    const timer = setTimeout(() => this.#server.closeAllConnections(), PATIENCE)
    await closed
    clearTimeout(timer)
  }
}
