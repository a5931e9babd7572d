import type { Scenario } from '../scenario.ts'
import { FOREVER, LEASE, sleep, Workshop } from '../workshop.ts'
import { someLimits } from './limits.ts'

/** Until a silent worker has surely been found out: each looker looks every third of a lease. */
const PAST_LEASE = LEASE * 1.75

/** Zombies: workers stand still past their lease, and then come back with results that nobody waits for any more. */
export const pause: Scenario = {
  name: 'pause',
  about: 'workers are stopped, some past their lease, and continued',
  async run(random, options) {
    await using shop = await Workshop.open({
      ...options,
      random,
      ...someLimits(random),
      kinds: ['quick', 'slow', 'long', 'report'],
      // As long as one is asleep in the middle of a commit.
      mayWarn: /A late result of job|ERR_STORE_BUSY/,
      mayRefuse: /ERR_STORE_BUSY/,
    })
    for (let workers = options.short ? 2 : 4; workers > 0; workers--) await shop.start({ puts: FOREVER, backlog: 50 })
    for (let pauses = options.short ? 3 : 12; pauses > 0; pauses--) {
      await sleep(random.between(50, 250))
      const worker = random.pick(shop.alive)
      await worker.pause()
      // In the short form only once.
      const long = options.short ? pauses === 2 : random.pick([true, false])
      // One that is asleep in the middle of a commit keeps all others from writing, and beyond their patience nobody may.
      while (long && !shop.isWritable) {
        worker.resume()
        await sleep(10)
        await worker.pause()
      }
      await sleep(long ? PAST_LEASE : random.between(1, options.short ? 100 : LEASE))
      worker.resume()
    }
    await sleep(random.between(50, 250))
    return await shop.end()
  },
}
