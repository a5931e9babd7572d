import type { EventRing } from './ring.ts'

/** Milliseconds after which a client whose connection broke should come back. */
const RETRY = 2_000
/** About how much is given to a reader at once, in characters. */
const CHUNK = 65_536
/** How many heartbeats a reader may leave unread before it counts as dead. */
const MISSED = 4

/**
 * One reader's stream. It holds nothing but the place in the ring where the reader stands, and writes only when the reader
 * asks; a reader too slow for the ring is told to `reset`, and goes on from now.
 */
export class EventStream {
  readonly body: ReadableStream<Uint8Array>
  readonly #ring: EventRing
  readonly #onEnd: () => void
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined
  #from: number
  #opening: string
  #wanted = false
  #missed = 0

  /**
   * @param lastId what the reader saw last, if it was here before
   * @param onEnd told once, when the reader has gone or {@link end} was called
   */
  constructor(ring: EventRing, lastId: string | undefined, onEnd: () => void) {
    this.#ring = ring
    this.#onEnd = onEnd
    const resumed = lastId === undefined ? ring.next : ring.after(lastId)
    this.#from = resumed ?? ring.next
    // The id at the start makes a reader that loses its connection before the first event resume, too.
    this.#opening = `retry: ${RETRY}\n${resumed === undefined ? this.#reset() : `id: ${ring.idBefore(this.#from)}\n\n`}`
    this.body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller
      },
      pull: () => {
        this.#wanted = true
        this.wake()
      },
      cancel: () => void this.#leave(),
    })
  }

  /** There may be something new in the ring. */
  wake(): void {
    if (this.#wanted) this.#write(this.#opening || this.#read())
  }

  /** Shows the reader, and all that stands between, that the connection lives. */
  beat(): void {
    if (this.#wanted) this.#write(': alive\n\n')
    else if (++this.#missed >= MISSED) this.end()
  }

  end(): void {
    const controller = this.#leave()
    controller?.close()
  }

  #read(): string {
    const read = this.#ring.read(this.#from, CHUNK)
    if (read === undefined) {
      this.#from = this.#ring.next
      return this.#reset()
    }
    this.#from = read.next
    return read.text
  }

  #reset(): string {
    return `id: ${this.#ring.idBefore(this.#from)}\nevent: reset\ndata: {}\n\n`
  }

  #write(text: string): void {
    if (text === '') return
    this.#opening = ''
    this.#missed = 0
    // Before enqueuing, which asks for more at once if there is room.
    this.#wanted = false
    this.#controller?.enqueue(ENCODER.encode(text))
  }

  #leave(): ReadableStreamDefaultController<Uint8Array> | undefined {
    const controller = this.#controller
    if (controller === undefined) return undefined
    this.#controller = undefined
    this.#wanted = false
    this.#onEnd()
    return controller
  }
}

const ENCODER = new TextEncoder()
