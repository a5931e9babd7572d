// The admin's page: how the queue stands, its controls, and its messages by state. All live.
import type { JobState, Queue } from '@potoroo/protocol'
import { api } from './admin-api.ts'
import { showControls, startControls } from './admin-controls.ts'
import { followEvents } from './admin-events.ts'
import { refreshJobs, showState, startJobs } from './admin-jobs.ts'
import { attempt } from './admin-problem.ts'
import { firstChoice, showChoice, showCounts, startStates } from './admin-states.ts'
import { byId, setText } from './dom.ts'

startControls(show)
startStates(choose)
startJobs()
followEvents({
  onQueue: show,
  onJob: refreshJobs,
  onReset: () => void readAll(),
  onConnection: (connected) => {
    setText(byId('live'), connected ? 'Live' : 'Connection lost, trying again')
    byId('live').className = `pill ${connected ? 'good' : 'warn'}`
  },
})

const queue = await readAll()
choose(queue === undefined ? 'pending' : firstChoice(queue.counts))

function show(queue: Queue): void {
  showControls(queue)
  showCounts(queue.counts)
}

function choose(state: JobState): void {
  history.replaceState(null, '', `#${state}`)
  showChoice(state)
  showState(state)
}

async function readAll(): Promise<Queue | undefined> {
  const queue = await attempt(api.queue, 'reading')
  if (queue !== undefined) show(queue)
  refreshJobs()
  return queue
}
