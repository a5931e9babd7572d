import { openQueue } from '@potoroo/queue'
import { sqliteStore } from '@potoroo/sqlite'
import { waitingHandler } from '../processes/waiting-handler.ts'

// A process that takes jobs, and says when one starts and when its signal is aborted. A job goes on until then, if its argument says so.

const [path] = process.argv.slice(2) as [string]
const queue = await openQueue({
  name: 'bench',
  store: sqliteStore(path, { durability: 'process' }),
  handler: waitingHandler,
})
process.once('message', () => void queue.stop().addCallback(() => process.disconnect()))
process.send!('ready')
