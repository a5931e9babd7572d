import type { Rate } from '@potoroo/queue'
import { rateSchema } from '@potoroo/protocol'

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, min: 60_000, h: 3_600_000 }

/** `500ms`, `1.5s`, `2min` or `1h`, in milliseconds; a plain `0` too. Anything else: undefined. */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|min|h)$/.exec(text) ?? []
  return amount === undefined || unit === undefined ? undefined : Math.round(Number(amount) * UNITS[unit]!)
}

/** `10/s`, `30/min`, `100/5s` or `1000/h`; `none` for no limit (null). Anything else: undefined. */
export function parseRate(text: string): Rate | null | undefined {
  if (text === 'none') return null
  const [, limit, multiple, unit] = /^(\d+)\/(\d*)(ms|s|min|h)$/.exec(text) ?? []
  if (limit === undefined || unit === undefined) return undefined
  const rate = { limit: Number(limit), per: (multiple ? Number(multiple) : 1) * UNITS[unit]! }
  return rateSchema.safeParse(rate).success ? rate : undefined
}

/** The shortest text that {@link parseRate} reads as this rate. */
export function formatRate(rate: Rate | null): string {
  if (rate === null) return 'none'
  const [unit, size] = Object.entries(UNITS).findLast(([, ms]) => rate.per % ms === 0)!
  return `${rate.limit}/${rate.per === size ? '' : rate.per / size}${unit}`
}

/** A duration for people: `30 s`, `1.5 s`, `250 ms`. */
export function formatDuration(ms: number): string {
  return ms < 1_000 ? `${ms} ms` : `${ms / 1_000} s`
}
