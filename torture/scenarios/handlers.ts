import type { Scenario } from '../scenario.ts'
import { LEASE, Workshop } from '../workshop.ts'
import { someLimits } from './limits.ts'

/** Handlers that do all that they should not. Those who are killed by them are replaced. */
export const handlers: Scenario = {
  name: 'handlers',
  about: 'handlers throw, hang, end their process, block its event loop, return nonsense, and report without end',
  async run(random, options) {
    const { short } = options
    await using shop = await Workshop.open({
      ...options,
      random,
      ...someLimits(random),
      width: random.between(6, 12),
      kinds: ['quick', 'throw', 'permanent', 'hold', 'hang', 'deaf', 'block', 'nonsense', 'report'],
      // In the long form some block for longer than their lease.
      ...(!short && { mayWarn: /A late result of job/ }),
    })
    const workers = short ? 2 : 4
    const order = { block: short ? 100 : LEASE / 4 }
    const keepUp = async (): Promise<void> => {
      while (shop.alive.filter((worker) => worker.order.runs).length < workers) {
        const worker = shop.spawn(order)
        await worker.says('ready').catch(async (error: unknown) => {
          // The first job that it was given may have ended it before it could say anything.
          if ((await worker.ended) !== 0) throw error
        })
      }
    }
    await keepUp()
    const fatal = await shop.start({ runs: false, puts: short ? 3 : 25, kinds: ['exit'] })
    const others = await shop.start({ runs: false, puts: short ? 150 : 1_500 })
    const stuck = short ? [] : [await shop.start({ runs: false, puts: 5, kinds: ['block'], block: 2 * LEASE })]
    const putters = [fatal, others, ...stuck]
    // They put no more than can be run, and for that somebody must be there.
    const stalled = await shop.until(() => putters.every((putter) => putter.said('put') > 0), keepUp)
    return [...(stalled === undefined ? [] : [stalled]), ...(await shop.end(keepUp))]
  },
}
