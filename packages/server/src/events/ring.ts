import { randomBytes } from 'node:crypto'

/** How many events are kept for those that come back. */
const MOST_EVENTS = 10_000
/** How long they may be together, in characters. A single one longer than that is kept all the same. */
const MOST_CHARACTERS = 8 * 1_048_576

/**
 * The last events, numbered. All streams read from here, each from where it stands: what is kept does not grow with the number
 * of readers, nor with how slow they are. An event's id is `<epoch>-<number>`: numbers of another epoch mean nothing.
 */
export class EventRing {
  readonly epoch = randomBytes(6).toString('base64url').replaceAll('-', '_')
  readonly #frames: (string | undefined)[] = Array.from({ length: MOST_EVENTS })
  #characters = 0
  /** The oldest number that is kept. */
  #first = 1
  /** The number that the next event gets. */
  #next = 1

  get next(): number {
    return this.#next
  }

  /** @param json one line of JSON */
  push(type: string, json: string): void {
    const frame = `id: ${this.epoch}-${this.#next}\nevent: ${type}\ndata: ${json}\n\n`
    if (this.#next - this.#first === MOST_EVENTS) this.#drop()
    this.#frames[this.#next % MOST_EVENTS] = frame
    this.#next++
    this.#characters += frame.length
    while (this.#characters > MOST_CHARACTERS && this.#next - this.#first > 1) this.#drop()
  }

  /** Where to read on after the event with this id, or `undefined` if what follows is not known any more. */
  after(id: string): number | undefined {
    const match = /^([\w]+)-(\d{1,15})$/.exec(id)
    if (match === null || match[1] !== this.epoch) return undefined
    const from = Number(match[2]) + 1
    return from >= this.#first && from <= this.#next ? from : undefined
  }

  /** An id that stands for everything before number `from`. */
  idBefore(from: number): string {
    return `${this.epoch}-${from - 1}`
  }

  /**
   * The events from number `from` on, as they are sent: at most about `characters` of them, at least one if there is one.
   *
   * @returns `undefined` if some of them are gone
   */
  read(from: number, characters: number): { readonly text: string; readonly next: number } | undefined {
    if (from < this.#first) return undefined
    let text = ''
    let next = from
    while (next < this.#next && (text === '' || text.length < characters)) {
      text += this.#frames[next % MOST_EVENTS]
      next++
    }
    return { text, next }
  }

  #drop(): void {
    const at = this.#first % MOST_EVENTS
    this.#characters -= this.#frames[at]?.length ?? 0
    this.#frames[at] = undefined
    this.#first++
  }
}
