import { openQueue } from '@potoroo/queue'
import { postgresStore } from '@potoroo/postgres'
import { deafPool } from '../../packages/postgres/test/pool.ts'
import { waitingHandler } from '../processes/waiting-handler.ts'

// A process that takes jobs, and says when one starts, when its signal is aborted, and what it hears of the queue's settings. A
// job goes on until then, if its argument says so.

const [connectionString, way] = process.argv.slice(2) as [string, 'notes' | 'no notes']
const pool = way === 'notes' ? undefined : deafPool(connectionString)
const queue = await openQueue({
  name: 'bench',
  store: postgresStore(pool === undefined ? { connectionString } : { pool }),
  localWidth: 10,
  handler: waitingHandler,
})
let known = ''
queue.observe((event) => {
  if (event.type !== 'queue') return
  const { width, rate, paused } = event.status
  const heard = JSON.stringify([width, rate, paused])
  if (heard !== known) process.send!(heard)
  known = heard
})
process.once('message', async () => {
  await queue.stop()
  await pool?.end()
  process.disconnect()
})
process.send!('ready')
