import type { z } from 'zod'
import { Problem, problem } from '@potoroo/server'
import type { Sms } from './carrier/carrier.ts'
import { smsSchema } from './sms-schema.ts'

/**
 * The message in a request's body, JSON or a form.
 *
 * @throws Problem 415 for another kind of body, 413 for one that is too long, 400 for one that is no good message
 */
export async function readMessage(request: Request): Promise<Sms> {
  const { data, error } = smsSchema.safeParse(await readBody(request))
  if (data !== undefined) return data
  throw refusal(error!.issues)
}

async function readBody(request: Request): Promise<unknown> {
  const type = request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase()
  try {
    if (type === 'application/json') return await request.json()
    if (type === 'application/x-www-form-urlencoded' || type === 'multipart/form-data') {
      return Object.fromEntries(await request.formData())
    }
  } catch (error) {
    if (error instanceof Problem) throw error // it was too long
    throw problem('ERR_MALFORMED', 'The body cannot be read: it is not what its content type says.')
  }
  throw problem('ERR_UNSUPPORTED_TYPE', 'Send JSON (application/json) or a form (application/x-www-form-urlencoded).')
}

/** All that is wrong; the code is that of the first. */
function refusal(issues: readonly z.core.$ZodIssue[]): Problem {
  const [first] = issues
  const code = first?.code === 'custom' ? String(first.params?.['code']) : 'ERR_INVALID'
  const errors = issues.map(({ path, message }) => ({ path: path.join('.'), message }))
  return new Problem(400, code, first?.message ?? 'This is no message.', { errors })
}
