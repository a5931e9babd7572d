import { NotHere, type Options, type Scenario } from '../scenario.ts'
import { FOREVER, sleep, Workshop } from '../workshop.ts'
import { someLimits } from './limits.ts'
import { quota, type Shortage, smallDisk } from './shortage.ts'

/** There is no more room, and then there is again: nothing acknowledged is lost, and it goes on by itself. */
export const diskFull: Scenario = {
  name: 'disk-full',
  about: 'the disk is full, or files may not grow, and after a while there is room again',
  async run(random, options) {
    using shortage = someShortage(random.next() < 0.7, options)
    options.log(`  by ${shortage.how}`)
    const code = /ERR_STORE_FULL|ERR_STORE_IO/
    await using shop = await Workshop.open({
      ...options,
      random,
      ...someLimits(random),
      ...(shortage.folder !== undefined && { folder: shortage.folder }),
      kinds: ['quick', 'slow', 'throw', 'report'],
      mayWarn: code,
      mayRefuse: code,
      order: { ballast: 2_000 },
    })
    const { file } = shop
    if (file === undefined) throw new NotHere('Only a file of ours can be kept from growing')
    await Promise.all([1, 2].map(() => shop.start({ puts: FOREVER, backlog: 50 })))
    const faults: string[] = []
    const refusals = (): number => shop.workers.flatMap(({ lines }) => lines).filter(({ type }) => type === 'refused' || type === 'warning').length
    for (let times = options.short ? 2 : 10; times > 0; times--) {
      await sleep(random.between(50, 300))
      const before = refusals()
      shortage.begin(shop.alive, file)
      for (let waited = 0; refusals() === before && waited < 10_000; waited += 20) await sleep(20)
      if (refusals() === before) faults.push(`Nobody was refused anything, though there was ${shortage.how}`)
      await sleep(random.between(0, options.short ? 300 : 3_000))
      shortage.end(shop.alive)
      const { finished } = (await shop.queue.status()).counts
      const stalled = await shop.until(({ counts }) => counts.finished >= finished + 20)
      if (stalled !== undefined) faults.push(stalled)
    }
    return [...faults, ...(await shop.end())]
  },
}

/** The one that was drawn, or the other one where that cannot be had. */
function someShortage(disk: boolean, { log }: Options): Shortage {
  if (!disk) return quota()
  try {
    return smallDisk()
  } catch (error) {
    if (!(error instanceof NotHere)) throw error
    log(`  ${error.message}`)
    return quota()
  }
}
