import type { JobState } from '@potoroo/protocol'
import { api, type SmsJob } from './admin-api.ts'
import { attempt } from './admin-problem.ts'
import { JobRow } from './admin-row.ts'
import { STATES } from './admin-states.ts'
import { byId, setText } from './dom.ts'

const PER_PAGE = 25
/** Milliseconds between two readings of a list that changes all the time. */
const PACE = 400

const body = byId<HTMLTableSectionElement>('jobs')
const next = byId<HTMLButtonElement>('next')
const first = byId<HTMLButtonElement>('first')

let state: JobState = 'pending'
let after: string | null = null
let following: string | null = null
let page = 1
let rows = new Map<string, JobRow>()
let reading = false
let again = false

export function startJobs(): void {
  next.addEventListener('click', () => turn(following, page + 1))
  first.addEventListener('click', () => turn(null, 1))
}

/** Shows the messages in this state, from the first. */
export function showState(chosen: JobState): void {
  state = chosen
  turn(null, 1)
}

/** Something may have changed: reads the page again, soon; however often this is called, not more often than that. */
export function refreshJobs(): void {
  again = true
  if (!reading) void read()
}

function turn(to: string | null, number: number): void {
  after = to
  page = number
  refreshJobs()
}

async function read(): Promise<void> {
  reading = true
  while (again) {
    again = false
    const asked = { state, after }
    const list = await attempt(() => api.list(state, after, PER_PAGE), 'reading')
    // Meanwhile another list may have been chosen.
    if (list !== undefined && asked.state === state && asked.after === after) {
      following = list.next
      show(list.jobs as SmsJob[])
    }
    await new Promise((resolve) => setTimeout(resolve, PACE))
  }
  reading = false
}

/** Rows that stay keep their elements, so that focus and half-written numbers stay too. */
function show(jobs: readonly SmsJob[]): void {
  const before = rows
  rows = new Map()
  jobs.forEach((job, i) => {
    const row = before.get(job.id) ?? new JobRow(job)
    row.show(job)
    rows.set(job.id, row)
    if (body.children[i] !== row.root) body.insertBefore(row.root, body.children[i] ?? null)
  })
  while (body.children.length > jobs.length) body.lastElementChild!.remove()

  const none = byId('none')
  none.hidden = jobs.length > 0
  setText(none, page === 1 ? `No message is ${STATES[state][0].toLowerCase()}.` : 'There are no more.')
  next.disabled = following === null
  first.disabled = page === 1
  byId('paging').hidden = following === null && page === 1
  setText(byId('page'), `Page ${page}`)
}
