import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'

/** A request as a server saw it. */
export interface Seen {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly form: URLSearchParams
}

/** A server on this machine, gone when the test is over. */
export async function listen(server: Server | RequestListener): Promise<URL> {
  const listening = typeof server === 'function' ? createServer(server) : server
  listening.listen(0, '127.0.0.1')
  await once(listening, 'listening')
  onTestFinished(() => {
    listening.closeAllConnections()
    listening.close()
  })
  return new URL(`http://127.0.0.1:${(listening.address() as AddressInfo).port}`)
}

/** A carrier that answers as it is told, and notes what it was asked. */
export async function scriptedCarrier(
  answer: (response: ServerResponse, request: Seen) => void,
): Promise<{ readonly url: URL; readonly seen: Seen[] }> {
  const seen: Seen[] = []
  const url = await listen((request, response) => {
    void text(request).then((body) => {
      const { method = '', url: path = '', headers } = request
      const now = { method, path, headers, form: new URLSearchParams(body) }
      seen.push(now)
      answer(response, now)
    })
  })
  return { url, seen }
}

export function answerJson(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}
