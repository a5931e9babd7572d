import { memoryStore, moveQueue } from '@potoroo/queue'
import { expect, it } from 'vitest'
import { JSON_TYPE, problemOf, startService } from './service.ts'

const JOBS = '/api/queues/sms/jobs'

it('a queue that has moved says so, and that its jobs have', async () => {
  const store = memoryStore()
  await using service = await startService({ idle: true, queueOptions: { store } })
  const { id } = await service.queue.put(1)
  const waiting = service.ask(`${JOBS}/${id}?wait=30`)
  await moveQueue(store, memoryStore(), 'sms')
  for (const answer of [waiting, service.ask(`${JOBS}/${id}`), service.ask(`${JOBS}/${id}`, { method: 'DELETE' })]) {
    expect(await problemOf(await answer)).toMatchObject({ status: 410, code: 'ERR_JOB_MOVED' })
  }
  const put = await service.ask(JOBS, { method: 'POST', headers: JSON_TYPE, body: '{"arg":1}' })
  expect(await problemOf(put)).toMatchObject({ status: 410, code: 'ERR_QUEUE_MOVED' })
  expect(service.faults).toEqual([])
})

it('a queue that is arriving says to come again', async () => {
  const store = memoryStore()
  await using service = await startService({ idle: true, queueOptions: { store } })
  const raw = await store.open('sms', {}, () => {})
  await raw.arrive({ move: 'm', jobs: [], landing: null })
  await raw.close()
  const put = await service.ask(JOBS, { method: 'POST', headers: JSON_TYPE, body: '{"arg":1}' })
  expect(put.headers.get('retry-after')).toBe('5')
  expect(await problemOf(put)).toMatchObject({ status: 503, code: 'ERR_QUEUE_ARRIVING' })
})
