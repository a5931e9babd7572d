import { api, type SmsJob } from './admin-api.ts'
import { attempt } from './admin-problem.ts'
import { STATES } from './admin-states.ts'
import { element, setText } from './dom.ts'

/** One message in the table. */
export class JobRow {
  readonly root: HTMLTableRowElement
  #job: SmsJob
  readonly #state = element('span', { class: 'pill' })
  readonly #why = element('span', { class: 'why' })
  readonly #priority = element('td', { class: 'priority' })
  readonly #actions = element('td', { class: 'buttons' })
  #input: HTMLInputElement | undefined
  #shape = ''

  constructor(job: SmsJob) {
    this.#job = job
    const queued = new Date(job.queuedTime)
    this.root = element(
      'tr',
      { 'data-id': job.id },
      element('td', { class: 'to' }, job.arg.to),
      element('td', { class: 'text', title: job.arg.text }, element('span', {}, job.arg.text)),
      element('td', { class: 'status' }, this.#state, this.#why),
      element('td', { class: 'time', title: queued.toLocaleString() }, shortTime(queued)),
      this.#priority,
      this.#actions,
    )
    this.show(job)
  }

  show(job: SmsJob): void {
    this.#job = job
    const [label, tone] = STATES[job.state]
    setText(this.#state, label)
    this.#state.className = `pill ${tone}`
    setText(this.#why, why(job))
    this.#reshape()
    if (this.#input !== undefined && document.activeElement !== this.#input) this.#input.value = String(job.priority)
  }

  /** The controls are made anew only when others are needed: somebody may be about to press one. */
  #reshape(): void {
    const { state, id } = this.#job
    const shape = state === 'pending' || state === 'underway' ? state : state === 'finished' ? 'done' : 'again'
    if (shape === this.#shape) return
    this.#shape = shape
    this.#input = shape === 'pending' ? this.#priorityInput() : undefined
    this.#priority.replaceChildren(this.#input ?? String(this.#job.priority))
    this.#actions.replaceChildren(
      ...(shape === 'done' ? [] : [shape === 'again' ? button('Retry', () => api.retry(id)) : button('Cancel', () => api.cancel(id))]),
    )
  }

  #priorityInput(): HTMLInputElement {
    const input = element('input', {
      type: 'number',
      step: 'any',
      required: true,
      'aria-label': `Priority of the message to ${this.#job.arg.to}; lower goes first`,
      onchange: () => {
        if (input.reportValidity()) void attempt(() => api.reprioritize(this.#job.id, input.valueAsNumber))
      },
    })
    return input
  }
}

function button(label: string, command: () => Promise<unknown>): HTMLButtonElement {
  const made = element('button', {
    type: 'button',
    onclick: () => {
      made.disabled = true
      void attempt(command).then(() => (made.disabled = false))
    },
  }, label)
  return made
}

function why({ state, attempt, maxAttempts, error, runAt }: SmsJob): string {
  const words = error === null ? '' : `${error.message}${error.code === null ? '' : ` (${error.code})`}`
  if (state === 'pending' && attempt > 0) {
    const time = Date.parse(runAt) > Date.now() ? `, next at ${new Date(runAt).toLocaleTimeString()}` : ''
    return `${attempt} of ${maxAttempts} attempts used${time}. ${words}`
  }
  if (state === 'underway') return attempt > 1 ? `Attempt ${attempt} of ${maxAttempts}` : ''
  return state === 'failed' || state === 'cancelled' ? words : ''
}

function shortTime(time: Date): string {
  const today = time.toDateString() === new Date().toDateString()
  return today ? time.toLocaleTimeString() : time.toLocaleDateString([], { day: 'numeric', month: 'short' })
}
