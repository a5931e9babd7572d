import { openQueue } from '@potoroo/queue'
import { sqliteStore } from '@potoroo/sqlite'
import { sleep } from 'potoroo'

// A program with a queue on a file: `work` runs jobs, and says when; `put` puts them until the queue has moved.

const [role, path] = process.argv.slice(2) as ['work' | 'put', string]
const say = (...words: unknown[]): void => void process.stdout.write(`${words.join(' ')}\n`)

const queue = await openQueue<number, null>({
  name: 'q',
  store: sqliteStore(path, { durability: 'process' }),
  width: 3,
  rate: { limit: 30, per: 100 },
  ...(role === 'work' && {
    handler: async (n, { id }) => {
      const start = Date.now()
      await sleep(n % 7)
      say('run', id, start, Date.now())
      return null
    },
  }),
})
say('ready')

if (role === 'work') {
  for await (const line of process.stdin) if (String(line).includes('stop')) break
} else {
  for (let n = 0; ; n++) {
    try {
      const { id } = await queue.put(n, { priority: n % 3 })
      say('put', id)
    } catch (error) {
      say((error as { code: string }).code)
      break
    }
    await sleep(5)
  }
}
await queue.stop()
say('stopped')
process.stdin.destroy()
