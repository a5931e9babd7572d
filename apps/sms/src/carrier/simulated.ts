import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { randomUUID } from 'node:crypto'
import { text as readText } from 'node:stream/consumers'

/** How the simulated carrier behaves. */
export interface Simulation {
  /** Milliseconds that a message takes, on average. */
  readonly latency: number
  /** Share of the messages that meet a failure which passes: half of them 503, a quarter 429, a quarter a cut line. */
  readonly failures: number
  /** Numbers from 0 to 1. */
  readonly random?: () => number
}

interface Answer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
  readonly headers?: Readonly<Record<string, string>>
}

/** The numbers that are always refused, for good: Twilio's own for tests. */
export const REFUSED_NUMBERS: ReadonlyMap<string, readonly [code: number, message: string]> = new Map([
  ['+15005550001', [21211, "The 'To' number is not a valid phone number"]],
  ['+15005550002', [21612, "The 'To' number cannot be reached from this carrier"]],
  ['+15005550003', [21408, 'Permission to send to this country has not been enabled']],
  ['+15005550004', [21610, 'The recipient does not want messages from this sender']],
  ['+15005550009', [21614, "The 'To' number cannot receive text messages"]],
])

const REMEMBERED = 100_000

/**
 * An HTTP server that takes messages as Twilio does, and delivers none: slow, now and then failing. An `Idempotency-Key` that
 * has been answered for good is answered the same again, without waiting.
 */
export function createSimulatedCarrier({ latency, failures, random = Math.random }: Simulation): Server {
  const answered = new Map<string, Promise<Answer | undefined>>()

  const take = async (form: URLSearchParams): Promise<Answer | undefined> => {
    const wrong = check(form)
    if (wrong !== undefined) return wrong
    const luck = random()
    await wait(latency * (0.7 + 0.6 * random()))
    if (luck < failures / 2) return failure(503, 20503, 'Service unavailable')
    if (luck < (failures * 3) / 4) return { ...failure(429, 20429, 'Too many requests'), headers: { 'retry-after': '1' } }
    if (luck < failures) return undefined
    const sid = `SM${randomUUID().replaceAll('-', '')}`
    return { status: 201, body: { sid, status: 'queued', to: form.get('To'), from: form.get('From') } }
  }

  const takeOnce = (key: string | undefined, form: URLSearchParams): Promise<Answer | undefined> => {
    if (key === undefined) return take(form)
    const known = answered.get(key)
    if (known !== undefined) return known
    const answer = take(form)
    answered.set(key, answer)
    if (answered.size > REMEMBERED) answered.delete(answered.keys().next().value!)
    void answer.then((given) => {
      const forGood = given !== undefined && given.status < 429
      if (!forGood) answered.delete(key)
    })
    return answer
  }

  return createServer((request, response) => {
    const answering = async (): Promise<void> => {
      const refused = checkRequest(request)
      const form = new URLSearchParams(await readText(request))
      const answer = refused ?? (await takeOnce(request.headers['idempotency-key']?.toString(), form))
      if (answer === undefined) request.socket.destroy()
      else send(response, answer)
    }
    answering().catch(() => request.socket.destroy()) // the line was cut while it was sent
  })
}

function checkRequest({ url = '', method, headers }: IncomingMessage): Answer | undefined {
  const [, account] = /^\/2010-04-01\/Accounts\/([^/]+)\/Messages\.json$/.exec(url) ?? []
  if (account === undefined) return failure(404, 20404, 'The requested resource was not found')
  if (method !== 'POST') return failure(405, 20004, 'Method not allowed')
  const [, credentials = ''] = /^Basic (.+)$/i.exec(headers.authorization ?? '') ?? []
  const [user, token] = Buffer.from(credentials, 'base64').toString().split(':')
  return user === decodeURIComponent(account) && token ? undefined : failure(401, 20003, 'Authenticate')
}

function check(form: URLSearchParams): Answer | undefined {
  const to = form.get('To') ?? ''
  const text = form.get('Body') ?? ''
  if (to === '') return failure(400, 21604, "A 'To' phone number is required")
  if (!/^\+[1-9]\d{6,14}$/.test(to)) return failure(400, 21211, "The 'To' number is not a valid phone number")
  if (!form.get('From')) return failure(400, 21603, "A 'From' phone number is required")
  if (text === '') return failure(400, 21602, 'Message body is required')
  if (text.length > 1_600) return failure(400, 21617, 'The message body exceeds the 1600 character limit')
  const refused = REFUSED_NUMBERS.get(to)
  return refused && failure(400, ...refused)
}

const failure = (status: number, code: number, message: string): Answer => ({ status, body: { code, message, status } })

function send(response: ServerResponse, { status, body, headers = {} }: Answer): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
