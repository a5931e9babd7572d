import { type DurableJob, openQueue, type QueueStatus, type SettingsPatch } from '@potoroo/queue'
import { postgresStore } from '@potoroo/postgres'
import { ManualClock } from 'potoroo'
import { expect, test } from 'vitest'
import { PostgresServer } from '../../../test/postgres-server.ts'
import { PATIENT, WorkerProcess } from './worker-process.ts'

const HOUR = 3_600_000

test('what is asked through one process reaches another by a note: nobody waits for a look', async () => {
  await using server = await PostgresServer.start()
  // Stands still: this process never looks by itself, and renews no lease, either.
  const clock = new ManualClock(Date.now())
  let status: QueueStatus | undefined
  const jobs: DurableJob<number, void>[] = []
  const ends: (() => void)[] = []
  const aborted: string[] = []
  let isOver = false
  await using queue = await openQueue<number, void>({
    name: 'q',
    store: postgresStore({ connectionString: server.url(), schema: 'reach', clock }),
    clock,
    width: 1,
    localWidth: 5,
    handler: (_, job) => {
      jobs.push(job)
      return new Promise((resolve, reject) => {
        if (isOver) resolve()
        ends.push(resolve)
        job.signal.addEventListener('abort', () => {
          aborted.push(job.id)
          reject(new Error('aborted'))
        })
      })
    },
  })
  // Whatever happens: no time passes for a queue that waits for its handlers.
  using _ending = {
    [Symbol.dispose]() {
      isOver = true
      for (const end of ends) end()
    },
  }
  queue.observe((event) => {
    if (event.type === 'queue') status = event.status
  })
  await using other = new WorkerProcess(`${server.url()}#reach`, { onlyAsks: true })
  const ask = (patch: SettingsPatch): void => other.tell(`update ${JSON.stringify(patch)}`)
  const started = (n: number): Promise<unknown> => expect.poll(() => jobs.length, PATIENT).toBe(n)
  await queue.putMany(Array.from({ length: 8 }, (_, arg) => ({ arg })))
  await started(1)

  ask({ width: 3 })
  await started(3)
  other.tell(`cancel ${jobs[0]!.id}`)
  await expect.poll(() => aborted, PATIENT).toEqual([jobs[0]!.id])
  await started(4)
  ask({ width: 2 })
  await expect.poll(() => status?.width, PATIENT).toBe(2)
  ends[1]!()
  await jobs[1]!.watch()
  expect(jobs.length).toBe(4)

  ask({ width: 4, rate: { limit: 1, per: HOUR } })
  await expect.poll(() => status?.rate, PATIENT).toEqual({ limit: 1, per: HOUR })
  await started(5)
  ask({ rate: null })
  await started(6)
  ask({ paused: true })
  await expect.poll(() => status?.paused, PATIENT).toBe(true)
  for (const end of ends) end()
  await jobs[5]!.watch()
  expect(jobs.length).toBe(6)
  ask({ paused: false })
  await started(8)
  for (const end of ends) end()
  await queue.idle()
  expect(clock.pendingTimers).toBeGreaterThan(0)
  await other.stop()
})
