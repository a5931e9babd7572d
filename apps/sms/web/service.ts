import type { Progress } from './messages.ts'

/** A refusal of the service, as RFC 9457 has it. */
export interface Problem {
  readonly status: number
  readonly detail: string
  /** Which fields it is about, if it is about any. */
  readonly errors?: readonly { readonly path: string; readonly message: string }[]
}

/** The service refused a message. */
export class Refused extends Error {
  readonly problem: Problem
  constructor(problem: Problem) {
    super(problem.detail)
    this.problem = problem
  }
}

/**
 * Hands a message over; once this resolves, it will not be lost.
 *
 * @throws Refused with the reason, or a TypeError if the service cannot be reached
 */
export async function sendMessage(to: string, text: string): Promise<{ id: string; position: number }> {
  const response = await fetch('/messages', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ to, text }),
  })
  if (response.ok) return (await response.json()) as { id: string; position: number }
  throw new Refused(await readProblem(response))
}

/** Where each of these messages is; null for one that the service does not know any more. */
export async function lookUp(ids: readonly string[]): Promise<Record<string, Progress | null>> {
  const response = await fetch(`/messages?ids=${ids.join(',')}`, { cache: 'no-store' })
  if (!response.ok) throw new Refused(await readProblem(response))
  return ((await response.json()) as { messages: Record<string, Progress | null> }).messages
}

async function readProblem(response: Response): Promise<Problem> {
  const problem = (await response.json().catch(() => ({}))) as Partial<Problem>
  return { ...problem, status: response.status, detail: problem.detail ?? `The service answered with ${response.status}.` }
}
