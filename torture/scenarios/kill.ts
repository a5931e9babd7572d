import type { Random } from '../random.ts'
import type { Scenario } from '../scenario.ts'
import { FOREVER, sleep, Workshop } from '../workshop.ts'
import { someLimits } from './limits.ts'

/** Several workers put and run; again and again one of them is killed with `kill -9`, and another takes its place. */
export const kill: Scenario = {
  name: 'kill',
  about: 'workers are killed at random moments, and width and rate are changed live',
  async run(random: Random, options) {
    const { short } = options
    await using shop = await Workshop.open({ ...options, random, ...someLimits(random), kinds: ['quick', 'slow', 'throw', 'report'] })
    const order = { puts: FOREVER, backlog: 100 }
    await Promise.all(Array.from({ length: short ? 2 : 4 }, () => shop.start(order)))
    for (let kills = short ? 4 : 25; kills > 0; kills--) {
      await sleep(random.between(0, 200))
      const victim = random.pick(shop.alive)
      await victim.kill()
      if (random.next() < 0.5) await shop.change(someLimits(random))
      await shop.start(order)
    }
    return await shop.end()
  },
}
