import { describe, expect, it } from 'vitest'
import { jobOf, problemOf, settle, startService, until } from './service.ts'

const JOBS = '/api/queues/sms/jobs'
const NOBODY = '019876aa-0000-7000-8000-000000000000'

describe('putting a job', () => {
  it('answers 201 with the job as it was committed, and where it is', async () => {
    await using service = await startService({ idle: true })
    const response = await service.send('POST', JOBS, { arg: { to: '+34600000000' }, priority: -1.5, maxAttempts: 2 })
    expect(response.status).toBe(201)
    const job = await jobOf(response)
    expect(job).toEqual({
      id: expect.stringMatching(/^[\w-]{36}$/),
      queue: 'sms',
      arg: { to: '+34600000000' },
      priority: -1.5,
      state: 'pending',
      attempt: 0,
      maxAttempts: 2,
      key: null,
      timeout: null,
      queuedTime: '2026-07-26T09:30:00.000Z',
      runAt: '2026-07-26T09:30:00.000Z',
      startTime: null,
      stopTime: null,
      result: null,
      error: null,
      progress: null,
    })
    expect(response.headers.get('location')).toBe(`${JOBS}/${job.id}`)
    expect(await jobOf(await service.ask(`${JOBS}/${job.id}`))).toEqual(job)
  })

  it('takes any JSON as the argument, null and false included', async () => {
    await using service = await startService({ idle: true })
    for (const arg of [null, false, 0, '', [], {}, [[1]], 'é😀', { __proto__: null, a: { b: null } }]) {
      const response = await service.send('POST', JOBS, { arg })
      expect(response.status).toBe(201)
      expect((await jobOf(response)).arg).toEqual(arg)
    }
  })

  it('holds a job back by delay, or until runAt, in whatever time zone that is given', async () => {
    await using service = await startService({ idle: true })
    expect((await jobOf(await service.send('POST', JOBS, { arg: 1, delay: 1500 }))).runAt).toBe('2026-07-26T09:30:01.500Z')
    const response = await service.send('POST', JOBS, { arg: 1, runAt: '2026-07-26T12:00:00+02:00' })
    expect((await jobOf(response)).runAt).toBe('2026-07-26T10:00:00.000Z')
  })

  it('answers 200 with the job that is there when its key is known, and puts nothing', async () => {
    await using service = await startService({ idle: true })
    const first = await service.send('POST', JOBS, { arg: 1, key: 'order-7' })
    expect(first.status).toBe(201)
    const second = await service.send('POST', JOBS, { arg: 2, key: 'order-7' })
    expect(second.status).toBe(200)
    expect(await second.json()).toEqual(await first.json())
    expect((await service.client.queue('sms')).counts.pending).toBe(1)
  })

  it('puts an array in one commit, in its order', async () => {
    await using service = await startService({ idle: true })
    const response = await service.send('POST', JOBS, [{ arg: 'a' }, { arg: 'b', priority: 3 }, { arg: 'c' }])
    expect(response.status).toBe(201)
    const { jobs } = (await response.json()) as { jobs: { arg: string; id: string }[] }
    expect(jobs.map((job) => job.arg)).toEqual(['a', 'b', 'c'])
    expect((await service.client.list('sms', { state: 'pending' })).jobs.map((job) => job.arg)).toEqual(['a', 'c', 'b'])
    expect(await (await service.send('POST', JOBS, [])).json()).toEqual({ jobs: [] })
  })

  it('puts none of an array if one of it is wrong', async () => {
    await using service = await startService({ idle: true })
    const response = await service.send('POST', JOBS, [{ arg: 1 }, { arg: 2 }, { arg: 3, priority: 'high' }])
    const { code, detail } = await problemOf(response)
    expect({ status: response.status, code }).toEqual({ status: 422, code: 'ERR_INVALID' })
    expect(detail).toMatch(/^2\.priority: /)
    expect((await service.client.queue('sms')).counts.pending).toBe(0)
  })

  it('takes ten thousand at once, and no more', async () => {
    await using service = await startService({ idle: true })
    const many = Array.from({ length: 10_000 }, (_, arg) => ({ arg }))
    expect(await service.client.putMany('sms', many)).toHaveLength(10_000)
    expect((await problemOf(await service.send('POST', JOBS, [...many, { arg: 1 }]))).detail).toContain('10000')
    expect((await service.client.queue('sms')).counts.pending).toBe(10_000)
  })

  it('answers 429 when as many are pending as the queue allows', async () => {
    await using service = await startService({ idle: true, queueOptions: { size: 1 } })
    await service.client.put('sms', { arg: 1 })
    const response = await service.send('POST', JOBS, { arg: 2 })
    expect(response.status).toBe(429)
    expect(response.headers.get('retry-after')).toBe('1')
    expect((await problemOf(response)).code).toBe('ERR_QUEUE_OVERFLOW')
  })
})

describe('looking at jobs', () => {
  it('lists page by page, in the order they will start', async () => {
    await using service = await startService({ idle: true })
    await service.client.putMany('sms', [1, 2, 3, 4, 5].map((arg) => ({ arg, priority: -arg })))
    const args: unknown[] = []
    for await (const job of service.client.jobs('sms', { state: 'pending', limit: 2 })) args.push(job.arg)
    expect(args).toEqual([5, 4, 3, 2, 1])
    const page = await service.client.list('sms', { limit: 5 })
    expect(page.jobs.map((job) => job.arg)).toEqual([1, 2, 3, 4, 5])
  })

  it('answers 422 for a cursor that is none', async () => {
    await using service = await startService({ idle: true })
    expect((await problemOf(await service.ask(`${JOBS}?after=nonsense`))).status).toBe(422)
  })

  it('explains why a job is not running', async () => {
    await using service = await startService()
    await service.client.update('sms', { width: 1 })
    await service.client.putMany('sms', [{ arg: 1 }, { arg: 2 }])
    await until(() => service.calls.length === 1)
    const { jobs } = await service.client.list('sms', { state: 'pending' })
    expect(await service.client.explain('sms', jobs[0]!.id)).toMatchObject({ state: 'pending', position: 1, blockedBy: 'width' })
    service.calls[0]!.finish()
    await until(() => service.calls.length === 2)
    expect(await service.client.explain('sms', jobs[0]!.id)).toEqual({
      state: 'underway',
      position: null,
      blockedBy: null,
      estimatedStart: null,
    })
  })
})

describe('the history of a job', () => {
  it('gives its attempts, and what its handler logged', async () => {
    await using service = await startService({ queueOptions: { retry: { maxAttempts: 2, backoff: [1_000] } } })
    const job = await service.client.put('sms', { arg: 1 })
    await until(() => service.calls.length === 1)
    service.calls[0]!.job.log('Calling')
    service.calls[0]!.fail(new RangeError('no such number'))
    await settle()
    service.clock.advance(1_000)
    await until(() => service.calls.length === 2)
    const times = { startTime: '2026-07-26T09:30:00.000Z', stopTime: '2026-07-26T09:30:00.000Z' }
    expect(await service.client.history('sms', job.id)).toEqual({
      attempts: [
        { ...times, attempt: 1, outcome: 'failed', error: { name: 'RangeError', message: 'no such number', code: null } },
        { attempt: 2, startTime: '2026-07-26T09:30:01.000Z', stopTime: null, outcome: null, error: null },
      ],
      log: [{ time: times.startTime, attempt: 1, message: 'Calling' }],
    })
  })

  it('of a job that is not there answers 404', async () => {
    await using service = await startService({ idle: true })
    expect((await problemOf(await service.ask(`${JOBS}/${NOBODY}/history`))).code).toBe('ERR_JOB_NOT_FOUND')
  })
})

describe('changing a job', () => {
  it('moves a pending job, and answers 409 for any other', async () => {
    await using service = await startService()
    await service.client.update('sms', { width: 1 })
    const [running, waiting] = await service.client.putMany('sms', [{ arg: 1 }, { arg: 2 }])
    await until(() => service.calls.length === 1)
    expect(await service.client.reprioritize('sms', waiting!.id, -3)).toMatchObject({ priority: -3, state: 'pending' })
    const response = await service.send('PATCH', `${JOBS}/${running!.id}`, { priority: 1 })
    expect(await problemOf(response)).toMatchObject({ status: 409, code: 'ERR_JOB_NOT_PENDING' })
  })

  it('cancels a job that is underway, whose handler is told; and answers 409 the second time', async () => {
    await using service = await startService()
    const job = await service.client.put('sms', { arg: 1 })
    await until(() => service.calls.length === 1)
    expect(await service.client.cancel('sms', job.id)).toMatchObject({ id: job.id, state: 'cancelled' })
    await until(() => service.calls[0]!.signal.aborted)
    const response = await service.ask(`${JOBS}/${job.id}`, { method: 'DELETE' })
    expect(await problemOf(response)).toMatchObject({ status: 409, code: 'ERR_JOB_OVER' })
  })

  it('retries a failed job, and answers 409 for one that is not over', async () => {
    await using service = await startService()
    const job = await service.client.put('sms', { arg: 1, maxAttempts: 1 })
    await until(() => service.calls.length === 1)
    expect(await problemOf(await service.ask(`${JOBS}/${job.id}/retry`, { method: 'POST' }))).toMatchObject({
      status: 409,
      code: 'ERR_JOB_NOT_OVER',
    })
    service.calls[0]!.fail(new RangeError('no such number'))
    expect(await service.client.job('sms', job.id, { wait: 1 })).toMatchObject({
      state: 'failed',
      error: { name: 'RangeError', message: 'no such number', code: null },
    })
    expect(await service.client.retry('sms', job.id)).toMatchObject({ state: 'pending', attempt: 0, error: null })
  })

  it.each(['GET', 'DELETE'])('%s of a job that is not there answers 404', async (method) => {
    await using service = await startService({ idle: true })
    for (const id of [NOBODY, 'x', '%00', '..%2f', 'a'.repeat(5000), '%E0%A4%A']) {
      expect((await service.ask(`${JOBS}/${id}`, { method })).status, id).toBe(404)
    }
  })
})

describe('waiting for a job', () => {
  it('holds the answer until the job is finished', async () => {
    await using service = await startService()
    const { id } = await service.client.put('sms', { arg: 1 })
    await until(() => service.calls.length === 1)
    const waiting = service.client.job('sms', id, { wait: 30 })
    await settle()
    service.calls[0]!.finish({ sid: 'SM1' })
    expect(await waiting).toMatchObject({ state: 'finished', result: { sid: 'SM1' } })
  })

  it.each(['fails', 'is cancelled'])('ends when the job %s', async (how) => {
    await using service = await startService()
    const { id } = await service.client.put('sms', { arg: 1, maxAttempts: 1 })
    await until(() => service.calls.length === 1)
    const waiting = service.client.job('sms', id, { wait: 30 })
    await settle()
    if (how === 'fails') service.calls[0]!.fail(new Error('broken'))
    else await service.client.cancel('sms', id)
    expect((await waiting).state).toBe(how === 'fails' ? 'failed' : 'cancelled')
  })

  it('answers with the job as it stands when the seconds are over', async () => {
    await using service = await startService({ idle: true })
    const { id } = await service.client.put('sms', { arg: 1 })
    let answered = false
    const waiting = service.client.job('sms', id, { wait: 2.5 }).finally(() => (answered = true))
    await settle()
    service.clock.advance(2_499)
    await settle()
    expect(answered).toBe(false)
    service.clock.advance(1)
    expect((await waiting).state).toBe('pending')
  })

  it('lets go when the client has gone, and when the server closes', async () => {
    await using service = await startService({ idle: true })
    const { id } = await service.client.put('sms', { arg: 1 })
    const timers = service.clock.pendingTimers
    const gone = new AbortController()
    const first = service.ask(`${JOBS}/${id}?wait=30`, { signal: gone.signal })
    const second = service.client.job('sms', id, { wait: 30 })
    await settle()
    expect(service.clock.pendingTimers).toBe(timers + 2)
    gone.abort()
    await first
    expect(service.clock.pendingTimers).toBe(timers + 1)
    service.server.close()
    expect((await second).state).toBe('pending')
    expect(service.clock.pendingTimers).toBe(timers)
    expect((await service.client.job('sms', id, { wait: 30 })).state).toBe('pending')
  })
})
