import type { Rate } from '@potoroo/queue'
import type { Random } from '../random.ts'

/** A width, and a rate that lets a short run come to its end. */
export function someLimits(random: Random): { width: number; rate: Rate } {
  const per = random.between(40, 250)
  return { width: random.between(2, 12), rate: { limit: random.between(Math.ceil(per / 8), per), per } }
}
