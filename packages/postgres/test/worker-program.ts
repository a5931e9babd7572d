import { openQueue } from '@potoroo/queue'
import { createInterface } from 'node:readline'
import { openStore } from './open-store.ts'
import type { WorkerOrder } from './worker-process.ts'

// A worker as a program of its own: says which attempts it starts and which are aborted, and ends them when it is told to.

const { where, localWidth, lease = 5_000, clockIsFastBy = 0 } = JSON.parse(process.argv[2]!) as WorkerOrder
/** The right time, whatever this machine takes for it. */
const now = Date.now.bind(Date)
Date.now = () => now() + clockIsFastBy

const say = (...words: unknown[]): void => void process.stdout.write(`${words.join(' ')}\n`)
const ends = new Map<string, () => void>()
const queue = await openQueue<number, string>({
  name: 'q',
  store: openStore(where),
  lease,
  ...(localWidth === undefined ? {} : { localWidth }),
  onWarning: ({ message }) => say('warning', message),
  handler: (_, { id, attempt, signal }) => {
    const start = now()
    signal.addEventListener('abort', () => say('aborted', id, attempt, now()))
    return new Promise((resolve) => {
      ends.set(id, () => {
        say('run', id, attempt, start, now())
        resolve(`theirs, attempt ${attempt}`)
      })
      say('start', id, attempt)
    })
  },
})
say('ready')
for await (const line of createInterface(process.stdin)) {
  if (line === 'stop') break
  const [, only] = line.split(' ')
  for (const [id, end] of ends) {
    if (only !== undefined && only !== id) continue
    ends.delete(id)
    end()
  }
}
await queue.stop()
process.stdin.destroy()
