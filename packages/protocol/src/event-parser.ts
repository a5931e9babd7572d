/** One server-sent event as it came. */
export interface RawEvent {
  readonly event: string
  readonly data: string
}

/**
 * Takes a `text/event-stream` apart, whatever pieces it comes in (WHATWG HTML, 9.2.6). Comments count as life, and give
 * nothing.
 */
export class EventParser {
  /** To resume from: the id of the last event that came whole. */
  lastId: string
  /** Milliseconds to wait before connecting again, once the stream has said so. */
  retry: number | undefined
  #rest = ''
  #id: string
  #event = ''
  #data: string[] = []

  /** @param lastId what the stream is resumed from */
  constructor(lastId = '') {
    this.lastId = this.#id = lastId
  }

  /** The events that a piece of text completes. */
  *push(text: string): Generator<RawEvent> {
    this.#rest += text
    // A CR at the very end may be half of a CR LF.
    const lines = this.#rest.split(/\r\n|\n|\r(?!$)/)
    this.#rest = lines.pop() ?? ''
    for (const line of lines) {
      if (line !== '') this.#field(line)
      else {
        this.lastId = this.#id
        if (this.#data.length > 0) {
          yield { event: this.#event || 'message', data: this.#data.join('\n') }
        }
        this.#event = ''
        this.#data = []
      }
    }
  }

  #field(line: string): void {
    const colon = line.indexOf(':')
    const name = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (name === 'data') this.#data.push(value)
    else if (name === 'event') this.#event = value
    else if (name === 'id' && !value.includes('\0')) this.#id = value
    else if (name === 'retry' && /^\d+$/.test(value)) this.retry = Number(value)
  }
}
