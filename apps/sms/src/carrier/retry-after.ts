const LEAST = 100
const MOST = 3_600_000
const UNSAID = 1_000

/**
 * How long a carrier that answered 429 wants to be left alone, in milliseconds, from its `Retry-After`: seconds, or a date,
 * which is taken by the carrier's own clock where it tells us that. Between a tenth of a second, so that a carrier that says
 * "0" is not hammered, and an hour, so that one wrong answer does not stop the queue for days. One second if it doesn't say.
 */
export function retryAfter(headers: Headers, now: number): number {
  const asked = headers.get('retry-after')?.trim()
  if (!asked) return UNSAID
  const carriersNow = Date.parse(headers.get('date') ?? '')
  const ms = /^\d+(\.\d+)?$/.test(asked)
    ? Number(asked) * 1_000
    : Date.parse(asked) - (Number.isNaN(carriersNow) ? now : carriersNow)
  return Number.isNaN(ms) ? UNSAID : Math.min(Math.max(ms, LEAST), MOST)
}
