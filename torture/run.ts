// npm run torture -- [--rounds 100] [--seed 1]: kills the service again and again, and says whether anything was lost.
import { parseArgs } from 'node:util'
import { killRounds } from './kill-rounds.ts'

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '100' }, seed: { type: 'string' } },
})
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(values.seed)
const rounds = Number(values.rounds)
if (!Number.isInteger(rounds) || rounds < 1 || !Number.isInteger(seed)) {
  console.error('--rounds and --seed are whole numbers; --rounds from 1')
  process.exit(2)
}

console.log(`${rounds} rounds with seed ${seed}`)
const report = await killRounds({ rounds, seed, log: console.log })
console.log(
  `${report.acknowledged} acknowledged, ${report.requests} requests, ${report.repeated} sent again after a kill, ${report.faults.length} faults`,
)
for (const fault of report.faults.slice(0, 20)) console.log(`  ${fault}`)
process.exit(report.faults.length === 0 ? 0 : 1)
