import { openQueue } from '@potoroo/queue'
import { sqliteStore } from '@potoroo/sqlite'

// A process that takes jobs, and says when one starts and when its signal is aborted. A job goes on until then, if its argument says so.

const [path] = process.argv.slice(2) as [string]
const queue = await openQueue<{ readonly waits: boolean }>({
  name: 'bench',
  store: sqliteStore(path, { durability: 'process' }),
  handler: ({ waits }, { signal }) => {
    process.send!('started')
    if (!waits) return undefined
    return new Promise<void>((resolve) =>
      signal.addEventListener('abort', () => {
        process.send!('aborted')
        resolve()
      }),
    )
  },
})
process.once('message', () => void queue.stop().addCallback(() => process.disconnect()))
process.send!('ready')
