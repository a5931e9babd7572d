import { expect, it } from 'vitest'
import { Random } from '../torture/random.ts'
import { NotHere, type Scenario } from '../torture/scenario.ts'
import { scenarios } from '../torture/scenarios/index.ts'
import { leaks } from '../torture/scenarios/leaks.ts'
import { flat, type Sample } from '../torture/soak.ts'

// The short form of each. To repeat one: POTOROO_SEED=… npx vitest run test/torture.test.ts; the long forms: npm run torture.
const seed = Number(process.env.POTOROO_SEED ?? Math.floor(Math.random() * 2 ** 32))

async function torture({ run }: Scenario, skip: (reason: string) => void): Promise<void> {
  const said: string[] = []
  try {
    const faults = await run(new Random(seed), { short: true, log: (line) => said.push(line) })
    expect({ seed, faults, said: faults.length > 0 ? said : [] }).toEqual({ seed, faults: [], said: [] })
  } catch (error) {
    if (!(error instanceof NotHere)) throw error
    console.warn(`Not done here: ${error.message}`)
    skip(error.message)
  }
}

// Together, for most of them wait most of the time; but for the one that measures this very process.
const [alone, together] = [scenarios.filter((each) => each === leaks), scenarios.filter((each) => each !== leaks)]
it.concurrent.for(together)('nothing is lost and no limit is broken: $about', { timeout: 120_000 }, (scenario, { skip }) => torture(scenario, skip))
it.for(alone)('nothing is left behind: $about', { timeout: 120_000 }, (scenario, { skip }) => torture(scenario, skip))

const LEVEL: Sample = { seconds: 0, put: 0, pending: 0, data: 5e7, rest: 4e6, rss: 3e8, heap: 3e7, put50: 3, put99: 9, start50: 6, start99: 20 }
const samples = (of: (n: number) => Partial<Sample>): Sample[] => Array.from({ length: 60 }, (_, n) => ({ ...LEVEL, ...of(n) }))

it('a soak that finds its level and keeps it is flat, whatever a busy moment does to it', () => {
  expect(flat(samples((n) => ({ data: 1e6 * Math.min(50, 5 * n), put50: n % 10 === 0 ? 500 : 3 })))).toEqual([])
})

it.for(['data', 'rss', 'heap', 'put50', 'start50'] as const)('a soak whose %s grows all the time is not flat', (field) => {
  expect(flat(samples((n) => ({ [field]: LEVEL[field] * 1.1 ** n }))).length).toBe(1)
})
