// npm run torture -- [scenario …] [--rounds N | --minutes N] [--seed N] [--short] [--store URL]
import { parseArgs } from 'node:util'
import { NotHere } from './scenario.ts'
import { Random } from './random.ts'
import { scenarios } from './scenarios/index.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '1' },
    minutes: { type: 'string' },
    seed: { type: 'string' },
    store: { type: 'string' },
    short: { type: 'boolean', default: false },
  },
})
console.log(scenarios.map(({ name }) => name), values, positionals)
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 32))
for (const name of positionals) {
  const scenario = scenarios.find((each) => each.name === name)!
  for (let round = 0; round < Number(values.rounds); round++) {
    const began = performance.now()
    try {
      const faults = await scenario.run(new Random(seed + round), { short: values.short, store: values.store, log: console.log })
      console.log(name, seed + round, Math.round(performance.now() - began), 'ms', faults.length, 'faults')
      for (const f of faults.slice(0, 10)) console.log('  ', f)
    } catch (error) {
      if (!(error instanceof NotHere)) throw error
      console.log(name, 'NOT HERE', error.message)
    }
  }
}
