import { DatabaseSync } from 'node:sqlite'
import { NotHere, type Scenario } from '../scenario.ts'
import { FOREVER, sleep, Workshop } from '../workshop.ts'
import { someLimits } from './limits.ts'

/** Longer than anybody waits. */
const TOO_LONG = 12_000

/** Somebody else has the database to himself for a while, or reads it for a while, which keeps its log from being emptied. */
export const locked: Scenario = {
  name: 'locked',
  about: "another program holds the database's lock, in the long form for longer than anybody waits",
  async run(random, options) {
    await using shop = await Workshop.open({
      ...options,
      random,
      ...someLimits(random),
      kinds: ['quick', 'slow', 'throw'],
      ...(!options.short && { mayWarn: /ERR_STORE_BUSY|A late result of job/, mayRefuse: /ERR_STORE_BUSY/ }),
    })
    if (shop.file === undefined) throw new NotHere('Only a file can be locked as a whole')
    await Promise.all([1, 2].map(() => shop.start({ puts: FOREVER, backlog: 50 })))
    const other = new DatabaseSync(shop.file, { timeout: 10_000 })
    for (let locks = options.short ? 6 : 20; locks > 0; locks--) {
      await sleep(random.between(0, 150))
      other.exec(random.pick(['BEGIN IMMEDIATE', 'BEGIN EXCLUSIVE', 'BEGIN; SELECT count(*) FROM jobs']))
      await sleep(!options.short && locks === 10 ? TOO_LONG : random.between(1, options.short ? 300 : 2_000))
      other.exec('COMMIT')
    }
    other.close()
    return await shop.end()
  },
}
