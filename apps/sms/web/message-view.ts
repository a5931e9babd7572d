import { element, setText } from './dom.ts'
import type { Message } from './messages.ts'
import { reason } from './reasons.ts'

type Tone = '' | 'busy' | 'good' | 'warn' | 'bad'

/** How one message looks now. */
interface Look {
  readonly word: string
  readonly detail: string
  readonly tone: Tone
  /** The classes of the three stations: queued, sending, sent. */
  readonly way: readonly [string, string, string]
}

/** Where a message is, in words and colours. */
export function describe({ state, position, error }: Message): Look {
  switch (state) {
    case 'pending':
      if (error !== null && position === null) {
        return { word: 'Waiting to try again', detail: reason(error), tone: 'warn', way: ['done', 'wait', ''] }
      }
      return {
        word: 'Queued',
        detail: position === null ? 'Waiting for its turn.' : position === 1 ? 'Next in line.' : `Number ${position.toLocaleString('en')} in line.`,
        tone: '',
        way: ['now', '', ''],
      }
    case 'underway':
      return { word: 'Sending', detail: 'The carrier has it in hand.', tone: 'busy', way: ['done', 'now', ''] }
    case 'finished':
      return { word: 'Sent', detail: 'The carrier has taken it.', tone: 'good', way: ['done', 'done', 'done'] }
    case 'failed':
      return { word: 'Not sent', detail: reason(error ?? 'unknown'), tone: 'bad', way: ['done', 'done', 'stop'] }
    case 'cancelled':
      return { word: 'Cancelled', detail: 'It was taken out of the queue.', tone: 'bad', way: ['stop', '', ''] }
    case 'forgotten':
      return { word: 'Not known', detail: 'The service has no record of it any more.', tone: '', way: ['', '', ''] }
  }
}

/** One message on the page. */
export class MessageView {
  readonly root: HTMLElement
  readonly #pill = element('span', { class: 'pill' })
  readonly #detail = element('span')
  readonly #stations = [0, 1, 2].map(() => element('li'))

  constructor(message: Message) {
    const time = new Date(message.time)
    this.root = element(
      'li',
      { class: 'message', 'data-id': message.id },
      element(
        'header',
        {},
        element('span', { class: 'number' }, message.to),
        element('time', { datetime: time.toISOString() }, time.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })),
      ),
      element('p', { class: 'text' }, message.text),
      element('ol', { class: 'way', 'aria-hidden': 'true' }, ...this.#stations),
      element('p', { class: 'state' }, this.#pill, this.#detail),
    )
    this.show(message)
  }

  /** Brings the page up to date; gives the new word if it has changed, else undefined. */
  show(message: Message): string | undefined {
    const { word, detail, tone, way } = describe(message)
    const before = this.#pill.textContent
    this.root.dataset['state'] = message.state
    this.#pill.className = `pill ${tone}`
    this.#stations.forEach((station, i) => (station.className = way[i]!))
    setText(this.#pill, word)
    setText(this.#detail, detail)
    return before === word ? undefined : word
  }
}
