import { memoryStore } from '@potoroo/queue'
import { onTestFinished } from 'vitest'
import { Service, type ServiceOptions } from '../../src/service.ts'
import { HandCarrier } from './hand-carrier.ts'

export const BASE = 'http://localhost:3000'
export const ADMIN = 'the-admin-token'
export const READ = 'the-read-token'

export const NUMBER = '+34612345678'

/** A service in this process, without a port: requests are handed to it. */
export interface TestService {
  readonly service: Service
  readonly carrier: HandCarrier
  /** What went wrong in the background or in a request; stays empty. */
  readonly faults: unknown[]
  request(path: string, init?: RequestInit & { readonly from?: string }): Promise<Response>
  /** The same with the admin's token. */
  admin(path: string, init?: RequestInit): Promise<Response>
  post(body: unknown, init?: RequestInit & { readonly from?: string }): Promise<Response>
  /** Posts a message that is taken, and gives its id. */
  send(text?: string, to?: string): Promise<string>
}

export async function openService(options: Partial<ServiceOptions> = {}): Promise<TestService> {
  const carrier = new HandCarrier()
  const faults: unknown[] = []
  const service = await Service.open({
    store: memoryStore(),
    carrier,
    isSimulated: true,
    width: 5,
    rate: null,
    messagesRate: null,
    adminToken: ADMIN,
    readToken: READ,
    hosts: () => ['localhost:3000', 'https://sms.example.org'],
    onWarning: (error) => faults.push(error),
    onError: (error) => faults.push(error),
    retryDelays: [0],
    ...options,
  })
  onTestFinished(() => service.stop(0))

  const request: TestService['request'] = (path, { from = '192.0.2.1', ...init } = {}) =>
    service.fetch(new Request(`${BASE}${path}`, init), { remoteAddress: from })
  const post: TestService['post'] = (body, init) =>
    request('/messages', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      ...init,
    })
  return {
    service,
    carrier,
    faults,
    request,
    post,
    admin: (path, init) => request(path, { ...init, headers: { ...init?.headers, authorization: `Bearer ${ADMIN}` } }),
    async send(text = 'hello', to = NUMBER) {
      const answer = await post({ to, text })
      if (answer.status !== 202) throw new Error(`The message was not taken: ${await answer.text()}`)
      return ((await answer.json()) as { id: string }).id
    },
  }
}
