import type { Scenario } from '../scenario.ts'
import { JumpingClock } from '../work/clock.ts'
import { FOREVER, sleep, Workshop } from '../workshop.ts'
import { someLimits } from './limits.ts'

const HOUR = 60 * 60 * 1_000

/** The machine's clock is set an hour forward and back, and everything goes on. */
export const clock: Scenario = {
  name: 'clock',
  about: "everybody's clock jumps by an hour, forward and back",
  async run(random, options) {
    const own = new JumpingClock()
    await using shop = await Workshop.open({
      ...options,
      random,
      ...someLimits(random),
      kinds: ['quick', 'slow', 'throw', 'hold'],
      clock: own,
      order: { offset: 0 },
    })
    await Promise.all(Array.from({ length: options.short ? 2 : 4 }, () => shop.start({ puts: FOREVER, backlog: 60 })))
    // Those wait for a time of day, and so for as long as the clock may be behind.
    await shop.start({ runs: false, puts: 20, delay: 1_000 })
    const faults: string[] = []
    let offset = 0
    const jumpTo = async (next: number): Promise<void> => {
      const from = Date.now()
      offset = next
      own.jumpTo(offset)
      await Promise.all(shop.alive.map((worker) => worker.ask(`jump ${offset}`, 'jumped')))
      shop.jumps.push({ from, to: Date.now(), offset })
    }
    for (let jumps = options.short ? 3 : 30; jumps > 0; jumps--) {
      await sleep(random.between(20, 300))
      await jumpTo(random.pick([-HOUR, 0, HOUR].filter((each) => each !== offset)))
      const { finished } = (await shop.queue.status()).counts
      const stalled = await shop.until(({ counts }) => counts.finished >= finished + 30)
      if (stalled !== undefined) faults.push(`After a jump to ${offset / HOUR} h: ${stalled}`)
    }
    await jumpTo(HOUR)
    return [...faults, ...(await shop.end())]
  },
}
