import type { FieldError } from '@potoroo/protocol'
import type { z } from 'zod'
import { type Problem, problem } from './problem.ts'

/** How many mistakes an answer lists: ten thousand jobs may have as many. */
const LISTED = 10

type Issue = z.core.$ZodIssue

/** The 422 for what a schema found: what is wrong, and where, in a sentence and as a list. */
export function invalid(issues: readonly Issue[]): Problem {
  const all = issues.flatMap((issue) => flatten(issue, []))
  const errors = all.slice(0, LISTED)
  const sentences = errors.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`))
  const more = all.length > LISTED ? ` (and ${all.length - LISTED} more)` : ''
  return problem('ERR_INVALID', `${sentences.join('; ')}${more}`, { errors })
}

/** An issue of a union says only that nothing fitted; what the sender got wrong is in the member that fitted best. */
function flatten(issue: Issue, base: readonly PropertyKey[]): FieldError[] {
  const path = [...base, ...issue.path]
  const at = path.map(String).join('.')
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [{ path: at, message: word(issue) }]
  const members = issue.errors.filter((issues) => !issues.some(isWrongKind))
  const best = members[0]
  if (best !== undefined) return best.flatMap((inner) => flatten(inner, path))
  const kinds = issue.errors.flatMap((issues) => issues.flatMap((inner) => ('expected' in inner ? [inner.expected] : [])))
  return [{ path: at, message: `Invalid input: expected ${kinds.join(' or ')}` }]
}

function word({ message }: Issue): string {
  return message.endsWith('received undefined') ? 'Required' : message
}

function isWrongKind(issue: Issue): boolean {
  return issue.code === 'invalid_type' && issue.path.length === 0
}
