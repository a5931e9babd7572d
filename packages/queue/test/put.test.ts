import { memoryStore, openQueue, type PutOptions, type QueueOptions, type Schema } from '@potoroo/queue'
import { Deferred, ManualClock } from 'potoroo'
import { describe, expect, it } from 'vitest'
import { Bench, codeOf, NOW, settle, until } from './bench.ts'

const RING: unknown[] = []
RING.push(RING)
const producer = { handler: undefined } as unknown as Partial<QueueOptions<unknown, unknown>>

describe('put', () => {
  it('fires with the job as it is stored', async () => {
    await using bench = await Bench.open({ ...producer, retry: { maxAttempts: 4 }, timeout: 500 })
    const job = await bench.queue.put({ to: 'Ada' }, { priority: -1, key: 'k' })
    expect(job).toMatchObject({
      queue: 'q',
      arg: { to: 'Ada' },
      priority: -1,
      state: 'pending',
      attempt: 0,
      maxAttempts: 4,
      key: 'k',
      timeout: 500,
      queuedTime: NOW,
      runAt: NOW,
      startTime: null,
      stopTime: null,
      result: undefined,
      error: null,
      progress: null,
      attemptToken: null,
    })
    expect(job.id).toMatch(/^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/)
    expect(job.signal.aborted).toBe(false)
  })

  it('gives ids that sort in the order of the puts', async () => {
    await using bench = await Bench.open(producer)
    const ids = (await bench.queue.putMany(Array.from({ length: 5_000 }, () => ({ arg: 0 })))).map(({ id }) => id)
    expect(new Set(ids).size).toBe(5_000)
    expect(ids.toSorted()).toEqual(ids)
  })

  it('lets options of a job go before those of the queue', async () => {
    await using bench = await Bench.open({ ...producer, retry: { maxAttempts: 4 }, timeout: 500 })
    expect(await bench.queue.put(1, { maxAttempts: 1, timeout: 7 })).toMatchObject({ maxAttempts: 1, timeout: 7 })
    expect(await bench.queue.put(1, { timeout: Infinity })).toMatchObject({ timeout: null })
  })

  it('starts a delayed job when its time has come', async () => {
    await using bench = await Bench.open()
    await bench.queue.put('later', { delay: 1_000 })
    await bench.queue.put('at', { runAt: new Date(NOW + 500) })
    await bench.queue.put('at a number', { runAt: NOW + 1_500.5 })
    await bench.queue.put('past', { runAt: NOW - 5_000 })
    await bench.called(1)
    for (const [ms, arg] of [[499, 'past'], [1, 'at'], [499, 'at'], [1, 'later'], [500, 'later'], [1, 'at a number']] as const) {
      await bench.advance(ms)
      expect(bench.args.at(-1)).toBe(arg)
    }
  })

  it('gives the job of a key that is pending or underway, and says so', async () => {
    await using bench = await Bench.open({ width: 1 })
    const first = await bench.queue.putNew('a', { key: 'k' })
    await bench.called(1)
    const second = await bench.queue.putNew('b', { key: 'k' })
    expect([first.isNew, second.isNew, second.job.id, second.job.state]).toEqual([true, false, first.job.id, 'underway'])
    bench.calls[0]!.finish()
    await first.job.watch()
    expect((await bench.queue.putNew('c', { key: 'k' })).isNew).toBe(true)
  })

  it('refuses what goes beyond the size, and takes it once there is room', async () => {
    await using bench = await Bench.open({ width: 1, size: 2 })
    await bench.queue.put(0)
    await bench.called(1)
    await bench.queue.putMany([{ arg: 1 }, { arg: 2 }])
    expect(await codeOf(bench.queue.put(3))).toBe('ERR_QUEUE_OVERFLOW')
    expect(await codeOf(bench.queue.putMany([{ arg: 3 }]))).toBe('ERR_QUEUE_OVERFLOW')
    bench.calls[0]!.finish()
    await bench.called(2)
    await bench.queue.put(3)
    expect((await bench.queue.counts()).pending).toBe(2)
  })

  it('keeps arguments as JSON keeps them', async () => {
    await using bench = await Bench.open(producer)
    // Some become something else: a Date its text, NaN null, a Map an empty object, and what is undefined is left away.
    for (const arg of [NaN, [Infinity], new Map([[1, 2]]), { gone: undefined }, null, false, 0, '', [], {}, [[1]], 'é😀\u0000\ud800', { toJSON: () => 'said so' }, new Date(NOW), [undefined]]) {
      expect((await bench.queue.put(arg)).arg).toEqual(JSON.parse(JSON.stringify(arg)))
    }
  })

  it.each([
    ['undefined', undefined],
    ['a function', () => 0],
    ['a symbol', Symbol('s')],
    ['a BigInt', { n: 1n }],
    ['a ring', RING],
    ['an object whose toJSON throws', { toJSON: () => JSON.parse('{') as unknown }],
    ['an object whose toJSON gives nothing', { toJSON: () => undefined }],
  ])('refuses %s as an argument', async (_, arg) => {
    await using bench = await Bench.open(producer)
    expect(await codeOf(bench.queue.put(arg))).toBe('ERR_NOT_JSON')
    expect(await codeOf(bench.queue.putMany([{ arg: 1 }, { arg }]))).toBe('ERR_NOT_JSON')
    expect((await bench.queue.counts()).pending).toBe(0)
  })

  it.each([undefined, null, 5, { arg: 1 }, [{ arg: 1 }, null], ['a']])('refuses %j as a list of jobs', async (items) => {
    await using bench = await Bench.open(producer)
    expect(await codeOf(bench.queue.putMany(items as { arg: unknown }[]))).toBe('ERR_NOT_A_LIST')
    expect((await bench.queue.counts()).pending).toBe(0)
  })

  it.each<[string, PutOptions]>([
    ['ERR_INVALID_PRIORITY', { priority: NaN }],
    ['ERR_INVALID_PRIORITY', { priority: '1' as unknown as number }],
    ['ERR_INVALID_PRIORITY', { priority: -Infinity }],
    ['ERR_INVALID_TIME', { delay: -1 }],
    ['ERR_INVALID_TIME', { delay: NaN }],
    ['ERR_INVALID_TIME', { delay: 1e300 }],
    ['ERR_INVALID_TIME', { runAt: new Date('nonsense') }],
    ['ERR_INVALID_TIME', { runAt: 9e15 }],
    ['ERR_INVALID_TIME', { runAt: NOW, delay: 5 }],
    ['ERR_INVALID_TIME', { timeout: 0 }],
    ['ERR_INVALID_TIME', { timeout: NaN }],
    ['ERR_INVALID_KEY', { key: '' }],
    ['ERR_INVALID_KEY', { key: 'k'.repeat(1_001) }],
    ['ERR_INVALID_KEY', { key: 7 as unknown as string }],
    ['ERR_INVALID_ATTEMPTS', { maxAttempts: 0 }],
    ['ERR_INVALID_ATTEMPTS', { maxAttempts: 1.5 }],
    ['ERR_INVALID_ATTEMPTS', { maxAttempts: 1e300 }],
  ])('fails with %s for %o', async (code, options) => {
    await using bench = await Bench.open(producer)
    expect(await codeOf(bench.queue.put(1, options))).toBe(code)
    expect(await codeOf(bench.queue.putMany([{ arg: 1 }, { arg: 2, ...options }]))).toBe(code)
    expect((await bench.queue.counts()).pending).toBe(0)
  })

  it.each([null, 5, 'urgent'])('fails for %o as options, as every other call that takes some, and nothing has happened', async (wrong) => {
    const options = wrong as unknown as object
    await using bench = await Bench.open({ ...producer, schema: undefined as never })
    await using checked = await Bench.open({ ...producer, schema: { '~standard': { validate: (value) => ({ value }) } } })
    expect(await codeOf(bench.queue.put(1, options))).toBe('ERR_INVALID_OPTIONS')
    expect(await codeOf(bench.queue.putNew(1, options))).toBe('ERR_INVALID_OPTIONS')
    expect(await codeOf(checked.queue.put(1, options))).toBe('ERR_INVALID_OPTIONS')
    expect(await codeOf(bench.queue.update(options))).toBe('ERR_INVALID_OPTIONS')
    expect(await codeOf(bench.queue.list(options))).toBe('ERR_INVALID_OPTIONS')
    expect(await codeOf(bench.queue.stop(options))).toBe('ERR_INVALID_OPTIONS')
    expect(await codeOf(bench.queue.stop({ within: wrong === 5 ? -1 : (wrong as unknown as number) }))).toBe('ERR_INVALID_TIME')
    expect(bench.queue.stopped).toBe(false)
    expect((await bench.queue.counts()).pending).toBe(0)
    expect((await checked.queue.counts()).pending).toBe(0)
  })
})

describe('a schema', () => {
  const number = (validate: Schema<number>['~standard']['validate']): Schema<number> => ({ '~standard': { validate } })
  const parse = (value: unknown) =>
    Number.isNaN(Number(value)) ? { issues: [{ message: 'no number', path: ['a', { key: 0 }] }] } : { value: Number(value) }

  it.each([
    ['at once', number(parse)],
    ['by a promise', number(async (value) => parse(value))],
    ['by a deferred', number((value) => Deferred.from(Promise.resolve(value)).addCallback(parse))],
  ])('that answers %s checks and changes what is put', async (_, schema) => {
    await using bench = await Bench.open<number>({ ...(producer as object), schema })
    expect((await bench.queue.put('5' as unknown as number)).arg).toBe(5)
    const jobs = await bench.queue.putMany([{ arg: 1 }, { arg: '2' as unknown as number, priority: 3 }])
    expect(jobs.map(({ arg, priority }) => [arg, priority])).toEqual([[1, 0], [2, 3]])
    const refused = bench.queue.putMany([{ arg: 1 }, { arg: 'x' as unknown as number }])
    await expect(refused).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT', message: expect.stringContaining('a.0: no number') })
    expect((await bench.queue.counts()).pending).toBe(3)
  })

  it('that throws fails the put with what it threw', async () => {
    const broken = new Error('broken schema')
    await using bench = await Bench.open<number>({
      ...(producer as object),
      schema: number(() => {
        throw broken
      }),
    })
    expect(await codeOf(bench.queue.put(1))).toBe(broken)
  })

  it('that answers after the queue was stopped puts nothing', async () => {
    const answers: (() => void)[] = []
    const schema = number((value) => new Promise((resolve) => answers.push(() => resolve(parse(value)))))
    await using bench = await Bench.open<number>({ ...(producer as object), schema })
    const put = bench.queue.put(1)
    await until(() => answers.length === 1)
    await bench.queue.stop()
    answers[0]!()
    expect(await codeOf(put)).toBe('ERR_QUEUE_STOPPED')
  })
})

describe('openQueue', () => {
  it.each<[string, object]>([
    ['ERR_INVALID_NAME', { name: '' }],
    ['ERR_INVALID_NAME', { name: 'a b' }],
    ['ERR_INVALID_NAME', { name: 'x'.repeat(101) }],
    ['ERR_INVALID_NAME', { name: undefined }],
    ['ERR_INVALID_WIDTH', { width: -1 }],
    ['ERR_INVALID_WIDTH', { width: 1.5 }],
    ['ERR_INVALID_WIDTH', { width: 1e300 }],
    ['ERR_INVALID_WIDTH', { localWidth: NaN }],
    ['ERR_INVALID_WIDTH', { width: Infinity, handler: () => 0 }],
    ['ERR_INVALID_RATE', { rate: { limit: 0, per: 1_000 } }],
    ['ERR_INVALID_RATE', { rate: { limit: 1.5, per: 1_000 } }],
    ['ERR_INVALID_RATE', { rate: { limit: 1, per: 0 } }],
    ['ERR_INVALID_RATE', { rate: { limit: 1, per: Infinity } }],
    ['ERR_INVALID_LEASE', { lease: 4_999 }],
    ['ERR_INVALID_LEASE', { lease: Infinity }],
    ['ERR_INVALID_LEASE', { lease: 5_000.5 }],
    ['ERR_INVALID_TIME', { keep: { finished: -1 } }],
    ['ERR_INVALID_TIME', { keep: { failed: NaN } }],
    ['ERR_INVALID_TIME', { keep: { failed: '7 days' as unknown as number } }],
    ['ERR_INVALID_SIZE', { size: -1 }],
    ['ERR_INVALID_SIZE', { size: NaN }],
    ['ERR_INVALID_TIME', { timeout: -1 }],
    ['ERR_INVALID_ATTEMPTS', { retry: { maxAttempts: 0 } }],
    ['ERR_INVALID_BACKOFF', { retry: { backoff: 5 } }],
    ['ERR_INVALID_STORE', { store: undefined }],
    ['ERR_INVALID_STORE', { store: 'jobs.db' }],
    ['ERR_INVALID_STORE', { store: {} }],
    ['ERR_NOT_A_FUNCTION', { handler: 'work' }],
    ['ERR_NOT_A_FUNCTION', { handler: null }],
    ['ERR_NOT_A_FUNCTION', { onWarning: {} }],
    ['ERR_INVALID_SCHEMA', { schema: {} }],
    ['ERR_INVALID_SCHEMA', { schema: (value: unknown) => value }],
    ['ERR_INVALID_CLOCK', { clock: {} }],
    ['ERR_INVALID_CLOCK', { clock: Date }],
  ])('fails with %s for %o, and opens nothing', async (code, options) => {
    expect(await codeOf(openQueue({ name: 'q', store: memoryStore(), ...options }))).toBe(code)
  })

  it('without options fails with a code, too', async () => {
    expect(await codeOf((openQueue as unknown as () => PromiseLike<unknown>)())).toBe('ERR_INVALID_STORE')
  })

  it('takes a clock of fractions for one of whole milliseconds', async () => {
    await using bench = await Bench.open({ ...producer, clock: new ManualClock(NOW + 0.75) })
    expect(await bench.queue.put(1, { delay: 0.5 })).toMatchObject({ queuedTime: NOW, runAt: NOW + 1 })
  })

  it('leaves the width to whoever has declared one', async () => {
    const store = memoryStore()
    await using first = await Bench.open({ store, width: 3 })
    await using second = await Bench.open({ store })
    expect((await second.queue.status()).width).toBe(3)
    expect((await first.queue.status()).width).toBe(3)
    await settle()
  })
})

describe('looking', () => {
  it('fails with a code for a job that is not there, whatever its id is', async () => {
    await using bench = await Bench.open(producer)
    for (const id of ['', 'x', undefined, null, 5, {}] as string[]) {
      for (const act of ['job', 'explain', 'cancel', 'retry'] as const) {
        expect(await codeOf(bench.queue[act](id))).toBe('ERR_JOB_NOT_FOUND')
      }
      expect(await codeOf(bench.queue.reprioritize(id, 1))).toBe('ERR_JOB_NOT_FOUND')
    }
  })

  it.each([
    ['ERR_INVALID_LIMIT', { limit: 0 }],
    ['ERR_INVALID_LIMIT', { limit: -1 }],
    ['ERR_INVALID_LIMIT', { limit: 1.5 }],
    ['ERR_INVALID_LIMIT', { limit: Infinity }],
    ['ERR_INVALID_STATE', { state: 'lost' as 'failed' }],
    ['ERR_INVALID_CURSOR', { after: 'nonsense' }],
  ])('fails with %s for a list of %o', async (code, options) => {
    await using bench = await Bench.open(producer)
    await bench.queue.put(1)
    expect(await codeOf(bench.queue.list(options))).toBe(code)
  })

  it('lists fifty jobs at a time, if nothing else is asked for', async () => {
    await using bench = await Bench.open(producer)
    await bench.queue.putMany(Array.from({ length: 60 }, (_, arg) => ({ arg })))
    const first = await bench.queue.list({ state: 'pending' })
    const second = await bench.queue.list({ state: 'pending', after: first.next! })
    expect([first.jobs.length, second.jobs.length, second.next]).toEqual([50, 10, null])
    expect([...first.jobs, ...second.jobs].map(({ arg }) => arg)).toEqual(Array.from({ length: 60 }, (_, i) => i))
  })

  it.each([
    ['ERR_INVALID_WIDTH', { width: -1 }],
    ['ERR_INVALID_RATE', { rate: { limit: 0, per: 1 } }],
    ['ERR_INVALID_RATE', { rate: 'fast' as unknown as null }],
  ])('fails with %s for an update to %o, which changes nothing', async (code, patch) => {
    await using bench = await Bench.open(producer)
    const before = await bench.queue.status()
    expect(await codeOf(bench.queue.update({ paused: true, ...patch }))).toBe(code)
    expect(await bench.queue.status()).toEqual(before)
  })
})

describe('what is too long to be kept', () => {
  const long = 'x'.repeat(16 * 2 ** 20)

  it('is refused as an argument, before anything is put', async () => {
    await using bench = await Bench.open({ width: 0 })
    expect(await codeOf(bench.queue.put(long))).toBe('ERR_TOO_LONG')
    expect(await codeOf(bench.queue.putMany([{ arg: 1 }, { arg: long }]))).toBe('ERR_TOO_LONG')
    expect((await bench.queue.counts()).pending).toBe(0)
  })

  it('fails a job as its result, for good', async () => {
    await using bench = await Bench.open({ handler: () => long })
    const { id } = await bench.queue.put(1)
    expect((await bench.state(id, 'failed')).error).toMatchObject({ code: 'ERR_TOO_LONG' })
  })
})

describe('two queues of one name in one program', () => {
  it('are one queue', async () => {
    const store = memoryStore()
    await using one = await openQueue<string>({ name: 'q', store, width: 2, rate: { limit: 1, per: 10 } })
    await using other = await openQueue<string>({ name: 'q', store, width: 2, rate: { limit: 1, per: 10 } })
    const job = await one.put('a')
    expect((await other.job(job.id)).arg).toBe('a')
  })

  it.each([
    [{ width: 2 }, { width: 3 }, 'width 2, and is opened again with 3'],
    [{ rate: { limit: 1, per: 10 } }, { rate: { limit: 2, per: 10 } }, 'rate 1/10 ms, and is opened again with 2/10 ms'],
    [{ rate: null }, { rate: { limit: 2, per: 10 } }, 'rate null, and is opened again with 2/10 ms'],
  ])('are refused if they declare different things: %j and %j', async (first, second, said) => {
    const store = memoryStore()
    const one = await openQueue({ name: 'q', store, ...first })
    const error: unknown = await openQueue({ name: 'q', store, ...second }).then(undefined, (thrown: unknown) => thrown)
    expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_DECLARED_OTHERWISE', message: expect.stringContaining(said) })
    // Another queue, another store, one that has no opinion, or one after the first was stopped may.
    await using _a = await openQueue({ name: 'other', store, ...second })
    await using _b = await openQueue({ name: 'q', store: memoryStore(), ...second })
    await using _c = await openQueue({ name: 'q', store })
    await one.stop()
    await using _d = await openQueue({ name: 'q', store, ...second })
  })
})
