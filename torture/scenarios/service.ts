import { killRounds } from '../kill-rounds.ts'
import { NotHere, type Scenario } from '../scenario.ts'

/** The SMS service as a whole, over HTTP. */
export const service: Scenario = {
  name: 'service',
  about: 'the SMS service is killed ten times (short: four) while messages are put and sent, as a whole process group',
  async run(random, { short, log, store }) {
    if (store !== undefined) throw new NotHere('The service is killed on a file of its own')
    const report = await killRounds({ rounds: short ? 4 : 10, seed: random.seed(), log: (line) => log(`  ${line}`) })
    const { acknowledged, requests, repeated, faults } = report
    log(`  ${acknowledged} acknowledged, ${requests} requests, ${repeated} sent again after a kill`)
    if (acknowledged === 0 || requests < acknowledged) return [...faults, `${acknowledged} acknowledged, ${requests} requests`]
    return faults
  },
}
