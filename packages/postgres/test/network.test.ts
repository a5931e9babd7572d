import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type DurableJob, type DurableQueue, openQueue } from '@potoroo/queue'
import { checkStarts } from '@potoroo/store-tests'
import { expect, test } from 'vitest'
import { PostgresServer } from '../../../test/postgres-server.ts'
import { Network } from './network.ts'
import { openStore } from './open-store.ts'
import { PATIENT, WorkerProcess } from './worker-process.ts'

const whyNot = Network.whyNot()
if (whyNot !== undefined) console.warn(`>>> NO NETWORK CAN BE MADE HERE: THE TEST WITH SEVERAL MACHINES IS SKIPPED (${whyNot}) <<<`)

test.skipIf(whyNot !== undefined)(
  'of several machines one is cut off and one stands still: the others do their jobs, what they say later is refused, they join in again, nothing is lost',
  { timeout: 180_000 },
  async () => {
    await using network = await Network.make()
    using folder = sharedFolder()
    writeFileSync(join(folder.path, 'pg_hba.conf'), 'local all all trust\nhost all all 10.0.0.0/24 trust\n')
    const settings = [`hba_file=${folder.path}/pg_hba.conf`, `listen_addresses=${network.address}`, `unix_socket_directories=${folder.path}`]
    await using server = await PostgresServer.start(settings, { namespaceOf: network.pid })
    const limits = { width: 6, rate: { limit: 6, per: 200 } }
    // This process is in no namespace, and comes to the server by a file.
    const socket = `postgres:///postgres?host=${folder.path}&port=${server.port}&user=postgres#machines`
    await using producer = await openQueue<number, string>({ name: 'q', store: openStore(socket), ...limits })
    const [far, frail, firm] = [await network.add(), await network.add(), await network.add()]
    const where = `postgres://postgres@${network.address}:${server.port}/postgres#machines`
    const start = async (namespaceOf: number, localWidth: number, lease = 5_000): Promise<WorkerProcess> => {
      const worker = new WorkerProcess(where, { localWidth, lease, namespaceOf })
      await worker.says('ready')
      return worker
    }
    await using cutOff = await start(far.pid, 3, 8_000)
    const [early, late, timed] = [await producer.put(1), await producer.put(2), await producer.put(3, { timeout: 2_500 })]
    for (const { id } of [early, late, timed]) await cutOff.says(`start ${id} 1`)
    await far.cutOff()

    await using frozen = await start(frail.pid, 1)
    const still = await producer.put(4)
    await frozen.says(`start ${still.id} 1`)
    frozen.signal('SIGSTOP')
    const held = [early, late, timed, still]

    await using steady = await start(firm.pid, 6)
    let isHolding = false
    steady.onLine = (line) => {
      isHolding ||= line.endsWith(' 2')
      if (line.startsWith('start') && !isHolding) steady.tell('end')
    }
    const more = new Feed(producer, 5)
    // Work goes on meanwhile, in the places that are left.
    await expect.poll(() => steady.runs.length, PATIENT).toBeGreaterThan(5)

    // One of its handlers ends while it is out of reach, one does when its time is over, one goes on.
    cutOff.tell(`end ${early.id}`)
    await cutOff.says(`aborted ${timed.id} 1`)
    for (const { id } of held) await steady.says(`start ${id} 2`)
    // Its width is full, and there are handlers of the other two besides.
    const open = (): number => steady.lines.filter((line) => line.startsWith('start')).length - steady.runs.length
    await expect.poll(open, PATIENT).toBe(limits.width)
    isHolding = false
    steady.onLine = (line) => line.startsWith('start') && steady.tell('end')
    steady.tell('end')
    for (const job of held) expect((await job.watch()).result).toBe('theirs, attempt 2')

    await far.rejoin()
    frozen.signal('SIGCONT')
    frozen.tell('end')
    // Nobody but its own process tells a handler, and that only now.
    await cutOff.says(`aborted ${late.id} 1`)
    for (const [worker, job] of [[cutOff, early], [frozen, still]] as const) {
      await expect.poll(() => worker.warnings.join(), PATIENT).toContain(`A late result of job ${job.id} was refused`)
    }
    for (const worker of [cutOff, frozen]) {
      worker.onLine = (line) => line.startsWith('start') && worker.tell('end')
      worker.tell('end')
    }
    for (const worker of [cutOff, frozen]) {
      const before = worker.runs.length
      await expect.poll(() => worker.runs.length, PATIENT).toBeGreaterThan(before + 5)
    }
    const jobs = [...held, ...(await more.end())]
    await producer.idle()
    const workers = [cutOff, frozen, steady]
    for (const worker of workers) await worker.stop()

    for (const job of jobs) expect((await producer.job(job.id)).result).toBe(`theirs, attempt ${held.includes(job) ? 2 : 1}`)
    expect(await producer.counts()).toMatchObject({ pending: 0, underway: 0, finished: jobs.length, failed: 0 })
    const runs = workers.flatMap((worker) => worker.runs)
    expect(runs.length).toBe(jobs.length + held.length)
    expect(steady.warnings).toEqual([])
    // Width and rate were kept, by all that anybody on the network could know: their places were taken until others had their jobs.
    const isLost = ({ id, attempt }: { id: string; attempt: number }): boolean => attempt === 1 && held.some((job) => job.id === id)
    const takenOver = Math.min(...runs.filter(({ attempt }) => attempt === 2).map((run) => run.start))
    const asKnown = runs.map((run) => (isLost(run) ? { ...run, stop: Math.min(run.stop, takenOver) } : run))
    const changes = [{ from: 0, ...limits }]
    expect(checkStarts(asKnown, changes)).toBeNull()
    // A lease is renewed three times in its length: what ends within the other two thirds has ended before others have the job.
    const second = runs.find(({ id, attempt }) => id === timed.id && attempt === 2)!
    expect(cutOff.abortOf(timed.id, 1)).toBeLessThan(second.start)
    // In truth there were more handlers at work for a while, by those that were cut off and no others.
    expect(checkStarts(runs, changes)).toMatchObject({ limit: 'width' })
    expect(checkStarts(runs, [{ from: 0, ...limits, width: limits.width + held.length }])).toBeNull()
  },
)

/** Puts jobs all the time, and waits for them, so that there is always more to do. */
class Feed {
  readonly #jobs: DurableJob<number, string>[] = []
  readonly #putting: Promise<void>
  #isOver = false

  constructor(queue: DurableQueue<number, string>, first: number) {
    const put = async (): Promise<void> => {
      for (let n = first; !this.#isOver; n++) {
        this.#jobs.push(await queue.put(n))
        if (this.#jobs.length > 20) await this.#jobs[this.#jobs.length - 20]!.watch()
      }
    }
    this.#putting = put()
  }

  /** Puts no more; gives back all that were put. */
  async end(): Promise<DurableJob<number, string>[]> {
    this.#isOver = true
    await this.#putting
    return this.#jobs
  }
}

/** One that the server's user may write to. */
function sharedFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'potoroo-network-'))
  chmodSync(path, 0o777)
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}
