import type { Random } from '../random.ts'
import { NotHere, type Scenario } from '../scenario.ts'
import type { CrashPoint } from '../work/order.ts'
import { FOREVER, Workshop } from '../workshop.ts'
import { someLimits } from './limits.ts'

/** As long as a commit takes here or there, in µs. */
const COMMIT = 1_500

function somePoint(random: Random): CrashPoint {
  const where = random.pick(['statement', 'before commit', 'commit', 'commit', 'after commit'] as const)
  return { where, transaction: random.between(1, 60), offset: where === 'commit' ? random.between(0, COMMIT) : random.between(1, 20) }
}

/** Workers that kill themselves at a point of a transaction, beside one that lives. */
export const crash: Scenario = {
  name: 'crash',
  about: 'workers die inside a transaction: between two statements, before, during and right after the commit',
  async run(random, options) {
    // A server's transactions go on without the client.
    if (options.store !== undefined) throw new NotHere('The points are those of a transaction in this process')
    await using shop = await Workshop.open({ ...options, random, ...someLimits(random), kinds: ['quick', 'slow', 'throw'] })
    await shop.start({ puts: FOREVER, backlog: 50 })
    const faults: string[] = []
    for (let crashes = options.short ? 2 : 15; crashes > 0; crashes--) {
      const two = [1, 2].map(() => shop.spawn({ puts: FOREVER, backlog: 200, crash: somePoint(random) }))
      for (const worker of two) {
        const status = await worker.ended
        if (status !== 'SIGKILL') faults.push(`A worker was to crash (${JSON.stringify(worker.order.crash)}), and ended with ${status}: ${worker.errors}`)
      }
    }
    return [...faults, ...(await shop.end())]
  },
}
