// When is one database too small? Plays several queues on several databases in made-up time: how long jobs take to get
// through their store, from the put to the recorded result, not counting what their handlers do.
//
//   node examples/past-one-database.ts
import { pathToFileURL } from 'node:url'
import { DeferredSemaphore, gatherResults, inlineCallbacks, ManualClock, sleep } from 'potoroo'

export interface Plan {
  readonly databases: number
  /** Of one database's server. */
  readonly cores: number
  /** They are dealt out to the databases in turn. */
  readonly queues: number
  /** Jobs per second, over all queues. */
  readonly load: number
  /** Milliseconds of a transaction, and of each job in it, on the way through put, claim and result. */
  readonly fixed: number
  readonly perJob: number
  /** How long it is played. */
  readonly seconds: number
}

export interface Played {
  /** Jobs that got through, per second. */
  readonly done: number
  /** Milliseconds that a job took, on average and at worst; they grow without end where the load is too much. */
  readonly mean: number
  readonly worst: number
}

/** Jobs in one transaction, as the store has it. */
const MOST = 2_000
/** Milliseconds between looks at what has come. */
const TICK = 0.2

/** Each queue gathers what comes while its last transaction is under way, and each database does as many at once as it has cores. */
export function play({ databases, cores, queues, load, fixed, perJob, seconds }: Plan): Played {
  const clock = new ManualClock()
  const end = seconds * 1_000
  const servers = Array.from({ length: databases }, () => new DeferredSemaphore(cores))
  let [done, waited, worst] = [0, 0, 0]

  const work = inlineCallbacks(function* (number: number) {
    const server = servers[number % databases]!
    // Dealt out evenly, each queue a little later than the one before.
    const due = (time: number): number => Math.floor((time / 1_000) * (load / queues) + number / queues)
    let [began, taken] = [0, 0]
    while (clock.now() < end) {
      const now = clock.now()
      const jobs = Math.min(due(now) - taken, MOST)
      if (jobs > 0) {
        taken += jobs
        yield* server.run(() => sleep(clock, fixed + perJob * jobs))
        if (clock.now() <= end) {
          done += jobs
          // They came one by one since the last look.
          waited += jobs * (clock.now() - (began + now) / 2)
          worst = Math.max(worst, clock.now() - began)
        }
      } else yield* sleep(clock, TICK)
      began = now
    }
  })

  const all = gatherResults(Array.from({ length: queues }, (_, number) => work(number)))
  while (all.peek().status === 'pending') clock.advance(TICK)
  return { done: done / seconds, mean: waited / done, worst }
}

/** As measured on two cores that server and workers shared: see docs/guides/several-machines.md. */
export const MEASURED = { cores: 2, fixed: 0.8, perJob: 0.045, seconds: 20 }

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const plans = [
    { databases: 1, queues: 1 },
    { databases: 1, queues: 8 },
    { databases: 2, queues: 8 },
    { databases: 4, queues: 8 },
  ]
  const rows = [1_000, 5_000, 20_000, 40_000, 80_000].map((load) => ({
    'jobs/s put': load,
    ...Object.fromEntries(
      plans.map((plan) => {
        const { done, mean } = play({ ...MEASURED, ...plan, load })
        const title = `${plan.databases} database${plan.databases > 1 ? 's' : ''}, ${plan.queues} queue${plan.queues > 1 ? 's' : ''}`
        return [title, done < load * 0.95 ? `${Math.round(done)}/s at most` : `${mean.toFixed(1)} ms`]
      }),
    ),
  }))
  console.table(rows)
}
