import type { Scenario } from '../scenario.ts'
import { Workshop } from '../workshop.ts'
import { someLimits } from './limits.ts'

/** Many processes claim at once, while width and rate are turned up and down, to zero too. */
export const resize: Scenario = {
  name: 'resize',
  about: 'eight processes (short: three) claim while width and rate are changed live',
  async run(random, options) {
    const { short } = options
    await using shop = await Workshop.open({ ...options, random, ...someLimits(random), kinds: ['quick', 'slow'] })
    const processes = short ? 3 : 8
    await Promise.all(Array.from({ length: processes }, () => shop.start({ puts: short ? 150 : 800, backlog: 1_000 })))
    const faults: string[] = []
    for (let changes = short ? 8 : 60; changes > 0; changes--) {
      const { width, rate } = someLimits(random)
      await shop.change(random.pick([{ width }, { rate }, { rate }, { width, rate }, { width: 0, rate }]))
      const { counts, width: now } = await shop.queue.status()
      // Under each some jobs are done, if it lets any start and there are any.
      const more = counts.finished + (now === 0 ? 0 : random.between(5, 40))
      const stalled = await shop.until((status) => status.counts.finished >= more || status.counts.pending === 0)
      if (stalled !== undefined) faults.push(stalled)
    }
    await shop.change({ width: 30 })
    return [...faults, ...(await shop.end())]
  },
}
