import { describe, expect, it } from 'vitest'
import { problemOf, type Service, settle, startService, until } from './service.ts'

interface Seen {
  readonly id: string
  readonly event: string
  readonly data: { readonly id?: string; readonly state?: string; readonly counts?: { readonly pending: number } }
}

/** Reads a stream by hand, so that a test says when. */
class Reader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  #text = ''
  ended = false

  constructor(response: Response) {
    this.#reader = response.body!.getReader()
  }

  /** Reads what is there now. */
  async read(): Promise<void> {
    const next = this.#reader.read()
    const { done, value } = await next
    if (done) this.ended = true
    else this.#text += new TextDecoder().decode(value)
  }

  /** Goes on reading until the stream ends. */
  follow(): this {
    void (async () => {
      while (!this.ended) await this.read()
    })()
    return this
  }

  get text(): string {
    return this.#text
  }

  get events(): Seen[] {
    return this.#text
      .split('\n\n')
      .map((frame) => Object.fromEntries(frame.split('\n').map((line) => line.split(/: (.*)/, 2) as [string, string])))
      .filter((frame) => 'data' in frame)
      .map(({ id = '', event = '', data = '' }) => ({ id, event, data: JSON.parse(data) as Seen['data'] }))
  }

  /** The states that jobs were told to be in. */
  get states(): string[] {
    return this.events.flatMap(({ event, data }) => (event === 'job' ? [data.state ?? ''] : []))
  }

  get lastId(): string {
    return [...this.#text.matchAll(/^id: (.*)$/gm)].at(-1)?.[1] ?? ''
  }

  leave(): Promise<void> {
    return this.#reader.cancel()
  }
}

async function open(service: Service, lastId?: string, signal?: AbortSignal): Promise<Reader> {
  const response = await service.ask('/api/events', {
    ...(lastId === undefined ? {} : { headers: { 'last-event-id': lastId } }),
    ...(signal === undefined ? {} : { signal }),
  })
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/)
  expect(response.headers.get('cache-control')).toContain('no-store')
  return new Reader(response)
}

describe('the event stream', () => {
  it('begins with when to come back, and an id to resume from', async () => {
    await using service = await startService({ idle: true })
    const reader = await open(service)
    await reader.read()
    expect(reader.text).toMatch(/^retry: \d+\nid: \w+-0\n\n$/)
  })

  it('tells each change of a job, with the job as it then stands', async () => {
    await using service = await startService()
    const reader = (await open(service)).follow()
    const job = await service.client.put('sms', { arg: { to: 'me' } })
    await until(() => service.calls.length === 1)
    service.calls[0]!.finish('sent')
    await until(() => reader.states.includes('finished'))
    expect([...new Set(reader.states)]).toEqual(['pending', 'underway', 'finished'])
    const last = reader.events.filter(({ event }) => event === 'job').at(-1)!
    expect(last.data).toEqual(await service.client.job('sms', job.id))
  })

  it('tells changes of a queue at once, and then at most ten times a second, the last one always', async () => {
    await using service = await startService({ idle: true })
    const reader = (await open(service)).follow()
    for (let n = 0; n < 20; n++) {
      await service.client.put('sms', { arg: n })
      await settle()
    }
    const pending = (): (number | undefined)[] =>
      reader.events.flatMap(({ event, data }) => (event === 'queue' ? [data.counts?.pending] : []))
    expect(pending()).toEqual([1])
    service.clock.advance(100)
    await settle()
    expect(pending()).toEqual([1, 20])
    service.clock.advance(1_000)
    await settle()
    expect(pending()).toEqual([1, 20])
  })

  it('numbers its events, and goes on after the one that was seen last', async () => {
    await using service = await startService({ idle: true })
    const first = (await open(service)).follow()
    await service.client.put('sms', { arg: 1 })
    await until(() => first.events.length === 2)
    const seen = first.lastId
    await first.leave()
    await service.client.putMany('sms', [{ arg: 2 }, { arg: 3 }])
    const second = (await open(service, seen)).follow()
    await until(() => second.states.length === 2)
    expect(second.events.some(({ event }) => event === 'reset')).toBe(false)
    const numbers = [...first.events, ...second.events].map(({ id }) => Number(id.split('-')[1]))
    expect(numbers).toEqual(numbers.map((_, index) => index + 1))
  })

  it('resumes a connection that broke before its first event', async () => {
    await using service = await startService({ idle: true })
    const first = await open(service)
    await first.read()
    await first.leave()
    await service.client.put('sms', { arg: 1 })
    const second = (await open(service, first.lastId)).follow()
    await until(() => second.states.length === 1)
    expect(second.events.some(({ event }) => event === 'reset')).toBe(false)
  })

  it.each(['', 'nonsense', 'epoch-5', 'epoch-99999999999999999999', '-1'])('says reset to the id "%s", which it does not know', async (id) => {
    await using service = await startService({ idle: true })
    const reader = await open(service, id)
    await reader.read()
    expect(reader.events.map(({ event }) => event)).toEqual(id === '' ? [] : ['reset'])
  })

  it('says reset to an id from the future, and to one of another process', async () => {
    await using one = await startService({ idle: true })
    await using other = await startService({ idle: true })
    const reader = await open(one)
    await reader.read()
    const ahead = await open(one, reader.lastId.replace(/\d+$/, '7'))
    await ahead.read()
    expect(ahead.events).toMatchObject([{ event: 'reset', id: reader.lastId }])
    const elsewhere = await open(other, reader.lastId)
    await elsewhere.read()
    expect(elsewhere.events).toMatchObject([{ event: 'reset' }])
  })

  it('says reset when nobody listened for too long', async () => {
    await using service = await startService({ idle: true })
    const first = await open(service)
    await first.read()
    await first.leave()
    service.clock.advance(60_000)
    const second = await open(service, first.lastId)
    await second.read()
    expect(second.events).toMatchObject([{ event: 'reset' }])
  })

  it('keeps a bounded number of events: a reader that is slower is told to reset, and goes on from now', async () => {
    await using service = await startService({ idle: true })
    const reader = await open(service)
    await reader.read()
    // What the stream has handed over before the reader stopped: up to two chunks.
    for (let n = 0; n < 3; n++) await service.client.putMany('sms', Array.from({ length: 5_000 }, (_, arg) => ({ arg })))
    reader.follow()
    await until(() => reader.events.some(({ event }) => event === 'reset'))
    await service.client.put('sms', { arg: 'the newest' })
    await until(() => reader.text.includes('the newest'))
    expect(reader.states.length).toBeLessThan(5_000)
  })

  it('keeps few events if they are long', async () => {
    await using service = await startService({ idle: true })
    const first = await open(service)
    await first.read()
    await first.leave()
    for (let n = 0; n < 12; n++) await service.client.put('sms', { arg: 'x'.repeat(1_000_000) })
    const second = await open(service, first.lastId)
    await second.read()
    expect(second.events).toMatchObject([{ event: 'reset' }])
  })

  it('shows that it lives', async () => {
    await using service = await startService({ idle: true })
    const reader = (await open(service)).follow()
    await settle()
    service.clock.advance(15_000)
    await settle()
    expect(reader.text).toMatch(/: alive\n\n$/)
  })

  it('ends for a reader that takes nothing for a minute', async () => {
    await using service = await startService({ idle: true })
    const reader = await open(service)
    await service.client.put('sms', { arg: 1 })
    await settle()
    service.clock.advance(75_000)
    await settle()
    expect(await service.ask('/metrics').then((metrics) => metrics.text())).toContain('potoroo_event_streams 0')
    reader.follow()
    await until(() => reader.ended)
  })

  it.each(['cancels the body', 'aborts the request'])('leaves nothing behind when the client %s', async (how) => {
    await using service = await startService({ idle: true })
    const timers = service.clock.pendingTimers
    const gone = new AbortController()
    const reader = (await open(service, undefined, gone.signal)).follow()
    await service.client.put('sms', { arg: 1 })
    await settle()
    if (how === 'aborts the request') gone.abort()
    else await reader.leave()
    await settle()
    expect(await service.ask('/metrics').then((metrics) => metrics.text())).toContain('potoroo_event_streams 0')
    service.clock.advance(60_000)
    expect(service.clock.pendingTimers).toBe(timers)
  })

  it('ends when the server closes, and does not open again', async () => {
    await using service = await startService({ idle: true })
    const readers = await Promise.all([open(service), open(service)])
    for (const reader of readers) reader.follow()
    await settle()
    service.server.close()
    await until(() => readers.every(({ ended }) => ended))
    expect(await problemOf(await service.ask('/api/events'))).toMatchObject({ status: 503, code: 'ERR_STOPPING' })
  })

  it('is open for so many at once, and no more', async () => {
    await using service = await startService({ idle: true })
    const readers: Reader[] = []
    for (let n = 0; n < 256; n++) readers.push(await open(service))
    expect(await problemOf(await service.ask('/api/events'))).toMatchObject({ status: 503, code: 'ERR_TOO_MANY_STREAMS' })
    await readers[0]!.leave()
    await open(service)
  })
})

describe('the client', () => {
  it('follows events over a broken connection, and misses none', async () => {
    await using service = await startService({ idle: true })
    const connections: boolean[] = []
    const states: unknown[] = []
    const stop = new AbortController()
    const following = (async () => {
      const options = { signal: stop.signal, onConnection: (connected: boolean) => connections.push(connected) }
      for await (const event of service.client.events(options)) if (event.type === 'job') states.push(event.job.arg)
    })()
    await until(() => connections.length === 1)
    await service.client.put('sms', { arg: 1 })
    await until(() => states.length === 1)
    stop.abort()
    await following
    expect(connections).toEqual([true])
    expect(states).toEqual([1])
  })
})
