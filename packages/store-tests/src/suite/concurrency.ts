import { deepStrictEqual as deepEqual, strictEqual as equal } from 'node:assert'
import type { Rate, Store } from '@potoroo/queue'
import { checkStarts, type LimitChange } from '../check-starts.ts'
import { ClaimerProcess } from '../processes/claimer-process.ts'
import type { Part } from '../store-suite.ts'
import { newJob, type Trial } from '../trial.ts'

/** How processes come to a store. */
export interface Sharing {
  /** URL of a module that exports `openStore(where: string): Store`. */
  readonly module: string
  /** What says to it where a store's data is. */
  readonly whereIs: (store: Store) => string
  /** How many processes there are to be. Default 3. */
  readonly processes?: number
}

const JOBS = 400
const LIMITS: readonly { readonly width?: number; readonly rate?: Rate | null }[] = [
  { width: 6, rate: { limit: 20, per: 100 } },
  { width: 2 },
  { rate: { limit: 5, per: 50 } },
  { width: 0 },
  { width: 9 },
  { rate: { limit: 60, per: 200 } },
  { width: 1 },
  { width: 7, rate: null },
  { rate: { limit: 30, per: 150 } },
  { width: 3 },
  { width: 12, rate: { limit: 100, per: 250 } },
]

export function concurrency({ test }: Part, { module, whereIs, processes = 3 }: Sharing): void {
  test('keeps width and rate over several processes while both are changed, and every job is done once', async (t) => {
    await t.hands.retire()
    await t.queue.put(Array.from({ length: JOBS }, (_, i) => newJob(`j${i}`, Date.now())), { size: Infinity, now: Date.now() })
    await t.queue.update({ width: 0 })
    const order = { module, where: whereIs(t.store), queue: 'q', localWidth: 5 }
    const claimers = Array.from({ length: processes }, () => new ClaimerProcess(order))
    try {
      for (const claimer of claimers) await claimer.says('ready')
      const changes: LimitChange[] = [{ from: 0, width: 0 }]
      for (const limits of LIMITS) {
        const before = runsOf(claimers).length
        changes.push(await change(t, claimers, limits))
        // Under each some jobs are done, unless it lets none start.
        const more = t.queue.settings.width === 0 ? 0 : Math.floor(JOBS / LIMITS.length)
        await Promise.race(claimers.map((claimer) => claimer.until(() => runsOf(claimers).length >= before + more || undefined)))
      }
      await Promise.race(claimers.map((claimer) => claimer.until(() => runsOf(claimers).length >= JOBS || undefined)))
      for (const claimer of claimers) await claimer.stop()
      const runs = runsOf(claimers)
      equal(checkStarts(runs, changes), null)
      deepEqual(runs.map(({ id }) => id).sort(), Array.from({ length: JOBS }, (_, i) => `j${i}`).sort())
      equal((await t.queue.status()).counts.finished, JOBS)
    } finally {
      for (const claimer of claimers) await claimer.kill()
    }
  })
}

/** Makes a change, and waits until every process goes by it. */
async function change(t: Trial, claimers: readonly ClaimerProcess[], limits: (typeof LIMITS)[number]): Promise<LimitChange> {
  const from = Date.now()
  const { width, rate } = await t.queue.update(limits)
  const wanted = JSON.stringify([Number.isFinite(width) ? width : null, rate])
  const known = claimers.map((claimer) =>
    claimer.until((lines) => {
      const last = lines.findLast((line) => line.type === 'limits')
      return last !== undefined && JSON.stringify([last.width, last.rate]) === wanted ? last.at : undefined
    }),
  )
  return { from, until: Math.max(Date.now(), ...(await Promise.all(known))), ...limits }
}

function runsOf(claimers: readonly ClaimerProcess[]) {
  return claimers.flatMap(({ lines }) => lines.filter((line) => line.type === 'run'))
}
