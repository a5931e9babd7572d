import { openQueue } from '@potoroo/queue'
import { checkStarts } from '@potoroo/store-tests'
import { expect, test } from 'vitest'
import { PostgresServer } from '../../../test/postgres-server.ts'
import { openStore } from './open-store.ts'
import { Proxy } from './proxy.ts'
import { WorkerProcess } from './worker-process.ts'

test('a machine that is cut off loses its jobs to another, its late results are refused, and it joins in again', async () => {
  await using server = await PostgresServer.start()
  await using proxy = await Proxy.to(server.port)
  await using otherProxy = await Proxy.to(server.port)
  const limits = { width: 5, rate: { limit: 5, per: 200 } }
  await using producer = await openQueue<number, string>({ name: 'q', store: openStore(`${server.url()}#cut`), ...limits })
  await using worker = new WorkerProcess(`${proxy.url}#cut`, { localWidth: 2 })
  await worker.says('ready')
  const held = [await producer.put(1), await producer.put(2)]
  for (const { id } of held) await worker.says(`start ${id} 1`)
  await using other = new WorkerProcess(`${otherProxy.url}#cut`, { localWidth: 4 })
  await other.says('ready')
  const jobs = [...held]

  proxy.goSilent()
  // There is always more to do than the limits let the other one.
  let isPutting = true
  const put = async (): Promise<void> => {
    for (let n = 3; isPutting; n++) {
      jobs.push(await producer.put(n))
      if (n > 20) await jobs[n - 20]!.watch()
    }
  }
  other.onLine = (line) => line.startsWith('start') && other.tell('end')
  const putting = put()
  for (const { id } of held) await other.says(`start ${id} 2`)
  for (const job of held) expect((await job.watch()).result).toBe('theirs, attempt 2')

  // Its handlers have gone on all the while, and end before it is back.
  worker.tell('end')
  await expect.poll(() => worker.runs.length).toBe(2)
  worker.onLine = (line) => line.startsWith('start') && worker.tell('end')
  proxy.recover()
  for (const { id } of held) await expect.poll(() => worker.warnings.join()).toContain(`A late result of job ${id} was refused`)
  await expect.poll(() => worker.runs.length).toBeGreaterThan(6)
  const before = other.runs.length
  await expect.poll(() => other.runs.length).toBeGreaterThan(before + 6)
  isPutting = false
  await putting
  await producer.idle()
  await worker.stop()
  await other.stop()

  for (const job of jobs) expect((await producer.job(job.id)).result).toBe(`theirs, attempt ${held.includes(job) ? 2 : 1}`)
  expect(await producer.counts()).toMatchObject({ pending: 0, underway: 0, finished: jobs.length, failed: 0 })
  expect([...worker.runs, ...other.runs].length).toBe(jobs.length + 2)
  expect(other.warnings).toEqual([])
  // Its places counted as taken until the other one had its jobs.
  const takenOver = Math.min(...other.runs.filter(({ attempt }) => attempt === 2).map(({ start }) => start))
  const records = [...worker.runs.map((run) => ({ ...run, stop: held.some(({ id }) => id === run.id) ? takenOver : run.stop })), ...other.runs]
  expect(checkStarts(records, [{ from: 0, ...limits }])).toBeNull()
})
