// npm run torture: see USAGE below.
import { parseArgs } from 'node:util'
import { Random } from './random.ts'
import { NotHere, type Options, type Scenario } from './scenario.ts'
import { scenarios } from './scenarios/index.ts'
import { soak } from './soak.ts'

const USAGE = `npm run torture -- [SCENARIO …] [--rounds N | --minutes N] [--seed N] [--short] [--store URL]
npm run torture -- soak [--minutes 60] [--jobs 1000000] [--store URL]

${scenarios.map(({ name, about }) => `  ${name.padEnd(10)} ${about}`).join('\n')}
  ${'soak'.padEnd(10)} a rising and falling load for an hour: file, memory and latency stay flat

Without a scenario: all but soak. --rounds: how often each (1). --minutes: in turn, for so long. --short: as in npm test.
--store: the base URL of a store; left out, an SQLite file. Exit status: 0, 1 (something that must not happen has happened), 2.`

/** How many faults of a round are shown. */
const SHOWN = 20

function usage(problem?: string): never {
  if (problem !== undefined) console.error(`${problem}\n`)
  console.log(USAGE)
  process.exit(problem === undefined ? 0 : 2)
}

function parse() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        rounds: { type: 'string' },
        minutes: { type: 'string' },
        jobs: { type: 'string' },
        seed: { type: 'string' },
        store: { type: 'string' },
        short: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
  } catch (error) {
    return usage((error as Error).message)
  }
}

function number(value: string | undefined, otherwise: number, name: string): number {
  const parsed = value === undefined ? otherwise : Number(value)
  if (!(parsed >= 0)) usage(`--${name} is a number`)
  return parsed
}

const { values, positionals } = parse()
if (values.help) usage()
const seed = number(values.seed, Math.floor(Math.random() * 2 ** 32), 'seed')

if (positionals.includes('soak')) {
  const verdict = await soak({
    minutes: number(values.minutes, 60, 'minutes'),
    jobs: number(values.jobs, 1_000_000, 'jobs'),
    store: values.store,
    log: console.log,
  })
  for (const fault of verdict) console.log(fault)
  console.log(verdict.length === 0 ? 'Flat' : 'Not flat')
  process.exit(verdict.length === 0 ? 0 : 1)
}

const chosen = positionals.length === 0 ? scenarios : positionals.map((name) => {
  return scenarios.find((each) => each.name === name) ?? usage(`There is no scenario ${name}`)
})
if (values.rounds !== undefined && !(Number(values.rounds) >= 1)) usage('--rounds is a number, at least 1')
const rounds = values.minutes === undefined ? number(values.rounds, 1, 'rounds') : Infinity
const until = performance.now() + number(values.minutes, Infinity, 'minutes') * 60_000
const options: Options = { short: values.short, store: values.store, log: (line) => console.log(line) }
const failed: string[] = []
const missed = new Set<string>()

console.log(`Seed ${seed}`)
for (let round = 0; round < rounds && performance.now() < until; round++) {
  for (const scenario of chosen) {
    if (performance.now() >= until && round > 0) break
    await runOne(scenario, seed + round)
  }
}
for (const line of missed) console.log(`NOT DONE HERE: ${line}`)
for (const line of failed) console.log(`FAILED: ${line}`)
console.log(failed.length === 0 ? 'No faults' : `${failed.length} rounds with faults`)
process.exit(failed.length === 0 ? 0 : 1)

async function runOne({ name, run }: Scenario, seed: number): Promise<void> {
  const again = `npm run torture -- ${name} --seed ${seed}${values.short ? ' --short' : ''}${values.store === undefined ? '' : ` --store ${values.store}`}`
  console.log(`${name}   (again: ${again})`)
  const began = performance.now()
  try {
    const faults = await run(new Random(seed), options)
    console.log(`  ${((performance.now() - began) / 1000).toFixed(1)} s, ${faults.length} faults`)
    for (const fault of faults.slice(0, SHOWN)) console.log(`  ! ${fault}`)
    if (faults.length > SHOWN) console.log(`  ! and ${faults.length - SHOWN} more`)
    if (faults.length > 0) failed.push(again)
  } catch (error) {
    if (error instanceof NotHere) {
      console.log(`  NOT DONE HERE: ${error.message}`)
      missed.add(`${name}: ${error.message}`)
    } else {
      console.log(`  ! ${(error as Error).stack}`)
      failed.push(again)
    }
  }
}
