import { expect, it } from 'vitest'
import { problemOf, startService, until } from './service.ts'

it('shows a queue with its settings and counts', async () => {
  await using service = await startService({ idle: true, queueOptions: { rate: { limit: 10, per: 1_000 } } })
  await service.client.putMany('sms', [{ arg: 1 }, { arg: 2 }])
  const queue = {
    name: 'sms',
    width: 2,
    rate: { limit: 10, per: 1_000 },
    paused: false,
    heldUntil: null,
    places: 0,
    counts: { pending: 2, underway: 0, finished: 0, failed: 0, cancelled: 0 },
  }
  expect(await (await service.ask('/api/queues/sms')).json()).toEqual(queue)
  expect(await (await service.ask('/api/queues')).json()).toEqual({ queues: [queue] })
})

it('changes width, rate and pause, together or one by one, and they are in force when it answers', async () => {
  await using service = await startService()
  expect(await service.client.update('sms', { paused: true, rate: { limit: 3, per: 60_000 } })).toMatchObject({
    width: 2,
    paused: true,
    rate: { limit: 3, per: 60_000 },
  })
  await service.client.putMany('sms', [1, 2, 3, 4].map((arg) => ({ arg })))
  expect(service.calls).toHaveLength(0)
  expect(await service.client.update('sms', { rate: null, paused: false })).toMatchObject({ paused: false, rate: null })
  await until(() => service.calls.length === 2)
  expect(await service.client.update('sms', { width: 3 })).toMatchObject({ width: 3, paused: false, rate: null })
  await until(() => service.calls.length === 3)
})

it('writes a width without a limit as null', async () => {
  await using service = await startService({ queueOptions: { localWidth: 1 } })
  expect(await service.client.update('sms', { width: null })).toMatchObject({ width: null })
  expect((await service.queue.status()).width).toBe(Infinity)
  expect((await service.client.queue('sms')).width).toBeNull()
})

it('cancels all that is pending, and leaves what is underway', async () => {
  await using service = await startService()
  await service.client.putMany('sms', [1, 2, 3, 4, 5].map((arg) => ({ arg })))
  await until(() => service.calls.length === 2)
  expect(await (await service.ask('/api/queues/sms/clear', { method: 'POST' })).json()).toEqual({ cancelled: 3 })
  expect((await service.client.queue('sms')).counts).toMatchObject({ pending: 0, underway: 2, cancelled: 3 })
})

it.each(['', '/jobs', '/jobs/x', '/jobs/x/explain'])('answers 404 for a queue that is not there: GET …%s', async (rest) => {
  await using service = await startService({ idle: true })
  for (const name of ['nope', '%73ms2', 'constructor', '__proto__', '%E0%A4%A', '%00']) {
    expect(await problemOf(await service.ask(`/api/queues/${name}${rest}`))).toMatchObject({
      status: 404,
      code: 'ERR_QUEUE_NOT_FOUND',
    })
  }
})

it('answers 503 once the queue has been stopped', async () => {
  await using service = await startService({ idle: true })
  await service.queue.stop()
  for (const [method, path] of [
    ['GET', '/api/queues'],
    ['GET', '/api/queues/sms/jobs'],
    ['POST', '/api/queues/sms/clear'],
  ] as const) {
    const response = await service.ask(path, { method })
    expect(response.headers.get('retry-after')).toBe('5')
    expect(await problemOf(response)).toMatchObject({ status: 503, code: 'ERR_QUEUE_STOPPED' })
  }
  expect(service.faults).toEqual([])
})
