import type { DurableQueue, QueueEvent, QueueStatus } from '@potoroo/queue'
import type { Clock } from 'potoroo'
import { toJobJson, toQueueJson } from '../json.ts'
import { problem } from '../problem.ts'
import { EventRing } from './ring.ts'
import { EventStream } from './stream.ts'

/** Milliseconds between signs of life: shorter than what proxies take for silence. */
const HEARTBEAT = 15_000
/** Milliseconds between two events about the same queue's numbers. */
const QUEUE_PACE = 100
/** How long events are still collected when the last reader has gone, in ms: it may come back. */
const LINGER = 60_000
const MOST_STREAMS = 256

/** What follows a queue's numbers: the latest ones that were not sent yet, and when to send again. */
interface Pace {
  latest: QueueStatus | undefined
  timer: unknown
}

/**
 * The events of all queues, for any number of readers. With nobody reading, nothing is listened to and no event costs
 * anything; whoever comes back after that is told to `reset`.
 */
export class EventHub {
  readonly #queues: readonly DurableQueue[]
  readonly #clock: Clock
  readonly #streams = new Set<EventStream>()
  readonly #paces = new Map<DurableQueue, Pace>()
  #ring = new EventRing()
  #ends: (() => void)[] | undefined
  #heartbeat: unknown
  #linger: unknown
  #waking = false
  #closed = false

  constructor(queues: readonly DurableQueue[], clock: Clock) {
    this.#queues = queues
    this.#clock = clock
  }

  /** How many are reading. */
  get size(): number {
    return this.#streams.size
  }

  /**
   * A stream of what happens from now on, or from after the event `lastId` on if that is still known.
   *
   * @param gone aborted when the reader has gone
   * @throws Problem ERR_STOPPING after close, ERR_TOO_MANY_STREAMS
   */
  open(lastId: string | undefined, gone: AbortSignal): ReadableStream<Uint8Array> {
    if (this.#closed) throw problem('ERR_STOPPING')
    if (this.#streams.size >= MOST_STREAMS) throw problem('ERR_TOO_MANY_STREAMS')
    this.#listen()
    const end = (): void => stream.end()
    const stream = new EventStream(this.#ring, lastId, () => {
      gone.removeEventListener('abort', end)
      this.#left(stream)
    })
    this.#streams.add(stream)
    gone.addEventListener('abort', end)
    if (gone.aborted) end()
    return stream.body
  }

  close(): void {
    this.#closed = true
    for (const stream of this.#streams) stream.end()
    this.#stopListening()
  }

  #listen(): void {
    this.#clock.clearTimeout(this.#linger)
    if (this.#streams.size === 0) this.#heartbeat = this.#clock.setTimeout(() => this.#beat(), HEARTBEAT)
    this.#ends ??= this.#queues.map((queue) => queue.observe((event) => this.#hear(queue, event)))
  }

  #left(stream: EventStream): void {
    this.#streams.delete(stream)
    if (this.#streams.size > 0) return
    this.#clock.clearTimeout(this.#heartbeat)
    if (!this.#closed) this.#linger = this.#clock.setTimeout(() => this.#stopListening(), LINGER)
  }

  #stopListening(): void {
    this.#clock.clearTimeout(this.#linger)
    for (const end of this.#ends ?? []) end()
    this.#ends = undefined
    for (const { timer } of this.#paces.values()) this.#clock.clearTimeout(timer)
    this.#paces.clear()
    // What happens from here on is missing: nobody may resume over the gap.
    this.#ring = new EventRing()
  }

  #hear(queue: DurableQueue, event: QueueEvent): void {
    if (event.type === 'job') this.#push('job', toJobJson(event.job))
    else this.#hearStatus(queue, event.status)
  }

  /** The first news of a queue's numbers is passed on at once; of those that follow closely, the latest, after a while. */
  #hearStatus(queue: DurableQueue, status: QueueStatus): void {
    const pace = this.#paces.get(queue)
    if (pace !== undefined) {
      pace.latest = status
      return
    }
    this.#push('queue', toQueueJson(queue.name, status, this.#clock.now()))
    this.#paces.set(queue, {
      latest: undefined,
      timer: this.#clock.setTimeout(() => {
        const latest = this.#paces.get(queue)?.latest
        this.#paces.delete(queue)
        if (latest !== undefined) this.#hearStatus(queue, latest)
      }, QUEUE_PACE),
    })
  }

  /** Readers are woken once for all events of one commit. */
  #push(type: 'job' | 'queue', value: object): void {
    this.#ring.push(type, JSON.stringify(value))
    if (this.#waking) return
    this.#waking = true
    queueMicrotask(() => {
      this.#waking = false
      for (const stream of this.#streams) stream.wake()
    })
  }

  #beat(): void {
    this.#heartbeat = this.#clock.setTimeout(() => this.#beat(), HEARTBEAT)
    for (const stream of this.#streams) stream.beat()
  }
}
