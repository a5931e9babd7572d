import type { Queue, QueuePatch } from '@potoroo/protocol'
import { api } from './admin-api.ts'
import { attempt } from './admin-problem.ts'
import { byId, element, setText } from './dom.ts'

const width = byId<HTMLInputElement>('width')
const limit = byId<HTMLInputElement>('limit')
const per = byId<HTMLSelectElement>('per')
const pause = byId<HTMLButtonElement>('pause')
const clear = byId<HTMLButtonElement>('clear')
const confirm = byId<HTMLDialogElement>('confirm')

let queue: Queue | undefined
let onChange: (queue: Queue) => void = () => {}

/** Makes the controls work; `listener` is given the queue after each change. */
export function startControls(listener: (queue: Queue) => void): void {
  onChange = listener
  width.addEventListener('change', () => {
    if (width.reportValidity()) void change({ width: width.value === '' ? null : width.valueAsNumber })
  })
  byId('wider').addEventListener('click', () => step(1))
  byId('narrower').addEventListener('click', () => step(-1))
  limit.addEventListener('change', changeRate)
  per.addEventListener('change', changeRate)
  pause.addEventListener('click', () => void change({ paused: !queue?.paused }))
  clear.addEventListener('click', () => {
    setText(byId('confirm-text'), `${plural(queue?.counts.pending ?? 0)} will not be sent. Those underway go on.`)
    confirm.returnValue = ''
    confirm.showModal()
  })
  confirm.addEventListener('close', () => {
    if (confirm.returnValue === 'yes') void attempt(api.clear)
  })
}

/** Brings the controls in line with the queue; a field that is being written in is left alone. */
export function showControls(now: Queue): void {
  queue = now
  fill(width, now.width === null ? '' : String(now.width))
  fill(limit, now.rate === null ? '' : String(now.rate.limit))
  limit.disabled = now.rate === null
  const value = now.rate === null ? 'none' : String(now.rate.per)
  if (![...per.options].some((option) => option.value === value)) {
    per.append(element('option', { value }, `per ${Number(value) / 1_000} s`))
  }
  per.value = value
  setText(pause, now.paused ? 'Resume' : 'Pause')
  pause.classList.toggle('primary', now.paused)
  clear.disabled = now.counts.pending === 0
  showRunning(now)
}

function showRunning({ paused, heldUntil, width }: Queue): void {
  const held = heldUntil !== null && Date.parse(heldUntil) > Date.now()
  const [word, tone] = paused
    ? ['Paused', 'warn']
    : width === 0
      ? ['Width is 0: nothing starts', 'warn']
      : held
        ? [`Held back by the carrier until ${new Date(heldUntil).toLocaleTimeString()}`, 'warn']
        : ['Running', 'good']
  setText(byId('running'), word!)
  byId('running').className = `pill ${tone}`
}

function step(by: number): void {
  const next = Math.max(0, (queue?.width ?? 0) + by)
  width.value = String(next)
  void change({ width: next })
}

function changeRate(): void {
  if (per.value === 'none') return void change({ rate: null })
  if (limit.value === '') limit.value = '10'
  if (limit.reportValidity()) void change({ rate: { limit: limit.valueAsNumber, per: Number(per.value) } })
}

async function change(patch: QueuePatch): Promise<void> {
  const changed = await attempt(() => api.update(patch))
  const now = changed ?? queue
  if (now === undefined) return
  showControls(now)
  onChange(now)
}

function fill(field: HTMLInputElement, value: string): void {
  if (document.activeElement !== field || field.value === '') field.value = value
}

const plural = (n: number): string => (n === 1 ? 'One message' : `${n.toLocaleString('en')} messages`)
