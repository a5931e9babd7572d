import { openQueue } from '@potoroo/queue'
import { expect, test } from 'vitest'
import { PostgresServer } from '../../../test/postgres-server.ts'
import { openStore } from './open-store.ts'
import { WorkerProcess } from './worker-process.ts'

test('a worker that stands still holds nobody up, loses its job to another, and its result is refused when it goes on', async () => {
  await using server = await PostgresServer.start()
  const where = `${server.url()}#frozen`
  await using worker = new WorkerProcess(where)
  await worker.says('ready')
  await using producer = await openQueue<number, string>({ name: 'q', store: openStore(where), width: 1 })
  const job = await producer.put(1)
  await worker.says(`start ${job.id} 1`)
  worker.signal('SIGSTOP')
  // It holds no lock, whatever it was doing.
  await producer.put(2)
  await using other = await openQueue<number, string>({
    name: 'q',
    store: openStore(where),
    lease: 5_000,
    handler: (_, { attempt }) => `ours, attempt ${attempt}`,
  })
  expect((await job.watch()).result).toBe('ours, attempt 2')
  worker.signal('SIGCONT')
  worker.tell('end')
  await expect.poll(() => worker.warnings[0]).toMatch(/^warning A late result/)
  expect((await other.job(job.id)).result).toBe('ours, attempt 2')
  await other.idle()
  expect(await other.counts()).toMatchObject({ finished: 2, failed: 0, underway: 0 })
  await worker.stop()
})
