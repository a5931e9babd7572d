import type { Hono } from 'hono'
import type { DurableQueue } from '@potoroo/queue'
import { JobNotFound } from '@potoroo/queue'
import { MAX_BODY } from '@potoroo/protocol'
import { limitBody, Problem, problem, type ServerEnv } from '@potoroo/server'
import type { AddressLimits } from './address-limits.ts'
import type { Receipt, Sms } from './carrier/carrier.ts'
import { readMessage } from './message-input.ts'

/** Where a message is: for anybody who has its id, so without anything personal. */
export interface MessageProgress {
  readonly state: 'pending' | 'underway' | 'finished' | 'failed' | 'cancelled'
  /** 1 for the next to be sent; null if it is not in line. */
  readonly position: number | null
  /** The code of why the last attempt failed. The words that go with it may hold the number, and are for the admin. */
  readonly error: string | null
}

/** How many messages one request may ask about. */
const AT_ONCE = 50

/** The public routes: messages are handed over here, and followed. */
export function messageRoutes(
  app: Hono<ServerEnv>,
  queue: DurableQueue<Sms, Receipt>,
  limits: AddressLimits | undefined,
): void {
  app.post('/messages', limitBody(MAX_BODY), async (c) => {
    if (queue.stopped) throw problem('ERR_STOPPING')
    const message = await readMessage(c.req.raw)
    const wait = limits?.take(c.env.remoteAddress) ?? 0
    if (wait > 0) {
      const seconds = Math.ceil(wait / 1_000)
      throw problem('ERR_TOO_MANY_REQUESTS', `Too many messages from your address. Try again in ${seconds} s.`, {
        headers: { 'retry-after': String(seconds) },
      })
    }
    const { id } = await queue.put(message)
    const { pending } = await queue.counts()
    // It may have been started meanwhile; where it was put, it was the first then.
    return c.json({ id, position: Math.max(1, pending) }, 202)
  })

  app.get('/messages/:id', async (c) => {
    const progress = await look(queue, c.req.param('id'))
    if (progress === null) throw problem('ERR_JOB_NOT_FOUND', 'There is no such message; old ones are not kept.')
    return c.json(progress)
  })

  app.get('/messages', async (c) => {
    const ids = [...new Set(c.req.query('ids')?.split(',') ?? [])]
    if (ids.length === 0 || ids.length > AT_ONCE) {
      throw new Problem(400, 'ERR_INVALID', `Say which messages, ${AT_ONCE} at most: ?ids=one,another.`)
    }
    const messages = await Promise.all(ids.map(async (id) => [id, await look(queue, id)] as const))
    return c.json({ messages: Object.fromEntries(messages) })
  })
}

/** Where a message is; null if there is none with this id. */
async function look(queue: DurableQueue<Sms, Receipt>, id: string): Promise<MessageProgress | null> {
  try {
    const { state, error } = await queue.job(id)
    const position = state === 'pending' ? (await queue.explain(id)).position : null
    return { state, position, error: error && (error.code ?? 'ERR_UNKNOWN') }
  } catch (error) {
    if (error instanceof JobNotFound) return null
    throw error
  }
}
