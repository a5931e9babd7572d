// The page where messages are sent, and followed until they are.
import { byId, setText } from './dom.ts'
import { follow } from './follow.ts'
import { isOver, loadMessages, type Message, type Progress, saveMessages } from './messages.ts'
import { MessageView } from './message-view.ts'
import { countSegments } from './segments.ts'
import { Refused, sendMessage } from './service.ts'

const MOST = 1_600

const form = byId<HTMLFormElement>('form')
const to = byId<HTMLInputElement>('to')
const text = byId<HTMLTextAreaElement>('text')
const button = form.querySelector('button')!
const list = byId('messages')

let messages = loadMessages()
const views = new Map<string, MessageView>()
for (const message of messages.toReversed()) addView(message)

const look = follow({ messages: () => messages, onProgress, onConnection: (connected) => (byId('offline').hidden = connected) })
tidy()
count()
look()

text.addEventListener('input', count)
for (const field of [to, text]) field.addEventListener('input', () => complain(field, ''))
text.addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) form.requestSubmit()
})
form.addEventListener('submit', (event) => {
  event.preventDefault()
  void submit()
})
byId('forget').addEventListener('click', () => {
  for (const { id } of messages.filter(isOver)) {
    views.get(id)?.root.remove()
    views.delete(id)
  }
  messages = messages.filter((message) => !isOver(message))
  tidy()
  to.focus()
})

async function submit(): Promise<void> {
  if (button.disabled) return
  setProblem('')
  complain(to, to.value.trim() === '' ? 'Enter the phone number to send to.' : '')
  complain(text, text.value.trim() === '' ? 'Enter a message.' : '')
  const wrong = [to, text].find((field) => field.ariaInvalid === 'true')
  if (wrong !== undefined) return wrong.focus()

  const sent = { to: to.value.trim(), text: text.value }
  button.disabled = true
  setText(button, 'Handing over…')
  try {
    const { id, position } = await sendMessage(sent.to, sent.text)
    const message: Message = { id, ...sent, time: Date.now(), state: 'pending', position, error: null }
    messages = [message, ...messages]
    addView(message)
    announce(message, 'Queued')
    text.value = ''
    count()
    text.focus()
    look()
  } catch (error) {
    refused(error)
  } finally {
    button.disabled = false
    setText(button, 'Send message')
    tidy()
  }
}

function refused(error: unknown): void {
  if (!(error instanceof Refused)) return setProblem('The service cannot be reached. Your message was not sent; try again.')
  const { detail, errors = [] } = error.problem
  const about = (field: HTMLElement): string => errors.find(({ path }) => path === field.id)?.message ?? ''
  for (const field of [to, text]) complain(field, about(field))
  const wrong = [to, text].find(about)
  if (wrong === undefined) setProblem(detail)
  else wrong.focus()
}

function onProgress(progress: Readonly<Record<string, Progress | null>>): void {
  messages = messages.map((message) => {
    const now = progress[message.id]
    if (now === undefined) return message
    const next: Message = { ...message, ...(now ?? { state: 'forgotten', position: null }) }
    const word = views.get(message.id)?.show(next)
    if (word !== undefined) announce(next, word)
    return next
  })
  tidy()
}

function addView(message: Message): void {
  const view = new MessageView(message)
  views.set(message.id, view)
  list.prepend(view.root)
}

/** Says a change of state to those who hear the page instead of seeing it; a change of position would be too much. */
function announce({ to }: Message, word: string): void {
  setText(byId('announcer'), `Message to ${to}: ${word}`)
}

function tidy(): void {
  saveMessages(messages)
  byId('none').hidden = messages.length > 0
  byId('forget').hidden = !messages.some(isOver)
}

function count(): void {
  const { length } = text.value
  const segments = countSegments(text.value)
  const counter = byId('text-count')
  setText(
    counter,
    `${length.toLocaleString('en')} of ${MOST.toLocaleString('en')} characters${segments > 0 ? ` · ${segments} SMS` : ''}`,
  )
  counter.classList.toggle('full', length >= MOST)
}

function complain(field: HTMLElement, problem: string): void {
  const error = byId(`${field.id}-error`)
  field.ariaInvalid = problem === '' ? null : 'true'
  setText(error, problem)
  error.hidden = problem === ''
}

function setProblem(problem: string): void {
  const error = byId('form-error')
  setText(error, problem)
  error.hidden = problem === ''
}
