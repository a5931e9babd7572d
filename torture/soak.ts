import { openQueue } from '@potoroo/queue'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SoakAnswer, SoakOrder } from './work/soaker.ts'
import { openStore } from './work/store.ts'
import { Subprocess } from './work/subprocess.ts'
import { partsOf, weigh, type Weight } from './work/weight.ts'

export interface Soak {
  readonly minutes: number
  readonly jobs: number
  /** The base URL of a store; left out, an SQLite file. */
  readonly store: string | undefined
  readonly log: (line: string) => void
}

/** One look at how things stand. Sizes are in bytes, times in ms. */
export interface Sample {
  readonly seconds: number
  readonly put: number
  readonly pending: number
  readonly data: number
  readonly rest: number
  readonly rss: number
  readonly heap: number
  readonly put50: number
  readonly put99: number
  readonly start50: number
  readonly start99: number
}

/** How many looks there are, and how often the load rises and falls: as often in each third. */
const SAMPLES = 60
const WAVES = 6
const RUNNERS = 2
const WIDTH = 20
/** Milliseconds after the last put within which all is to be over. */
const PATIENCE = 60_000

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/**
 * Puts and runs jobs at a load that rises and falls, and looks at file, memory and latency all the while. Stops by itself;
 * gives back what is not as it should be, in words.
 */
export async function soak({ minutes, jobs, store, log }: Soak): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'potoroo-soak-'))
  const url = store ?? `sqlite:${join(folder, 'jobs.db')}?durability=power`
  const name = `soak-${process.pid}-${Date.now()}`
  const seconds = minutes * 60
  const queue = await openQueue({ name, store: openStore(url), width: WIDTH, rate: null })
  const order = { store: url, queue: name, keep: (seconds * 1_000) / SAMPLES }
  const start = (load: SoakOrder['load']): Subprocess =>
    new Subprocess('./soaker.ts', { ...order, load } satisfies SoakOrder, { flags: ['--expose-gc'] })
  const processes = [start({ jobs, seconds, waves: WAVES }), ...Array.from({ length: RUNNERS }, () => start(null))]
  try {
    for (const each of processes) await each.says('ready')
    log(`${jobs} jobs in ${minutes} minutes, ${Math.round(jobs / seconds)} a second, rising and falling; latencies in ms`)
    log(header(partsOf(url)))
    const samples: Sample[] = []
    const began = performance.now()
    for (let n = 1; n <= SAMPLES; n++) {
      await sleep(Math.max(0, began + (n * seconds * 1_000) / SAMPLES - performance.now()))
      const answers = await Promise.all(processes.map(ask))
      const { pending } = await queue.counts()
      samples.push(summary((performance.now() - began) / 1_000, pending, answers, await weigh(url)))
      log(row(samples.at(-1)!))
    }
    const faults = flat(samples)
    const allPut = processes[0]!.says('put').then(() => queue.idle())
    if ((await Promise.race([allPut.then(() => 'idle'), sleep(PATIENCE)])) !== 'idle') faults.push('Not all jobs are done: the load was too much')
    const [putter, ...runners] = await Promise.all(processes.map(ask))
    const run = runners.reduce((sum, { done }) => sum + done, 0)
    if (putter!.done !== jobs || run !== jobs) faults.push(`Of ${jobs} jobs ${putter!.done} were put, and there were ${run} runs`)
    for (const each of processes) {
      const status = await each.stop()
      if (status !== 0) faults.push(`A process ended with ${status}: ${each.errors}`)
    }
    return faults
  } finally {
    for (const each of processes) await each.kill()
    await queue.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function ask(process: Subprocess): Promise<SoakAnswer> {
  return JSON.parse((await process.ask('sample', 'sample')).slice('sample '.length)) as SoakAnswer
}

function summary(seconds: number, pending: number, [putter, ...runners]: readonly SoakAnswer[], weight: Weight): Sample {
  const all = [putter!, ...runners]
  const sum = (of: (answer: SoakAnswer) => number): number => all.reduce((sum, answer) => sum + of(answer), 0)
  const puts = putter!.latencies
  const starts = runners.flatMap(({ latencies }) => latencies)
  return {
    seconds,
    put: putter!.done,
    pending,
    ...weight,
    rss: sum(({ rss }) => rss),
    heap: sum(({ heap }) => heap),
    put50: quantile(puts, 0.5),
    put99: quantile(puts, 0.99),
    start50: quantile(starts, 0.5),
    start99: quantile(starts, 0.99),
  }
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

/**
 * What has grown. In the first third everything finds its level; the load rises and falls as often in the second as in the
 * last, so those two are compared, by their medians: a machine may be busy with something else for a while.
 */
export function flat(samples: readonly Sample[]): string[] {
  const third = Math.floor(samples.length / 3)
  const faults: string[] = []
  const compare = (what: string, of: (sample: Sample) => number, factor: number, noise: number): void => {
    const before = quantile(samples.slice(third, 2 * third).map(of), 0.5)
    const after = quantile(samples.slice(2 * third).map(of), 0.5)
    if (after > before * factor + noise) faults.push(`${what} has grown from ${Math.round(before)} to ${Math.round(after)}`)
  }
  compare('The store, its log or its indexes included,', ({ data, rest }) => data + rest, 1.2, 2e6)
  compare('What is left in memory after a collection', ({ heap }) => heap, 1.1, 3e6)
  compare('The memory of the processes', ({ rss }) => rss, 1.2, 2e7)
  compare('The time that a put takes', ({ put50 }) => put50, 2, 5)
  compare('The time from put to start', ({ start50 }) => start50, 2, 10)
  return faults
}

function header([data, rest]: readonly [string, string]): string {
  const names = ['seconds', 'put', 'pending', `${data} MB`, `${rest} MB`, 'RSS MB', 'heap MB', 'put p50', 'put p99', 'start p50', 'start p99']
  return names.map((name) => name.padStart(11)).join('')
}

function row({ seconds, put, pending, data, rest, rss, heap, put50, put99, start50, start99 }: Sample): string {
  const sizes = [data, rest, rss, heap].map((bytes) => (bytes / 1e6).toFixed(1))
  const times = [put50, put99, start50, start99].map((ms) => ms.toFixed(1))
  return [seconds.toFixed(0), put, pending, ...sizes, ...times].map((cell) => String(cell).padStart(11)).join('')
}
