import type { Counts, JobState } from '@potoroo/protocol'
import { byId, element, setText } from './dom.ts'

/** What each state is called here, and its colour. */
export const STATES: Readonly<Record<JobState, readonly [label: string, tone: string]>> = {
  pending: ['Pending', ''],
  underway: ['Underway', 'busy'],
  finished: ['Sent', 'good'],
  failed: ['Failed', 'bad'],
  cancelled: ['Cancelled', 'warn'],
}

const NAMES = Object.keys(STATES) as JobState[]
const counters = new Map<JobState, { readonly button: HTMLElement; readonly count: HTMLElement }>()

/** The five counts, which are buttons too: each shows its messages. */
export function startStates(onChoice: (state: JobState) => void): void {
  for (const state of NAMES) {
    const count = element('span', { class: 'count' }, '–')
    const label = element('span', { class: 'label' }, STATES[state][0])
    const button = element('button', { type: 'button', 'data-state': state, onclick: () => onChoice(state) }, count, label)
    counters.set(state, { button, count })
    byId('states').append(button)
  }
}

export function showCounts(counts: Counts): void {
  for (const [state, { count }] of counters) setText(count, counts[state].toLocaleString('en'))
}

export function showChoice(chosen: JobState): void {
  for (const [state, { button }] of counters) button.ariaCurrent = String(state === chosen)
}

/** The state to begin with: the one in the address, or the first one with something to see. */
export function firstChoice(counts: Counts): JobState {
  const named = NAMES.find((state) => `#${state}` === location.hash)
  return named ?? NAMES.find((state) => counts[state] > 0) ?? 'pending'
}
