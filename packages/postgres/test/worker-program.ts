import { type DurableJob, openQueue, type PutOptions, type SettingsPatch } from '@potoroo/queue'
import { createInterface } from 'node:readline'
import { openStore } from './open-store.ts'
import type { Order, WorkerOrder } from './worker-process.ts'

// A worker as a program of its own: says which attempts it starts and which are aborted, and ends them when it is told to; and
// asks of the queue what it is told to ask.

const { where, localWidth, lease = 5_000, clockIsFastBy = 0, onlyAsks = false } = JSON.parse(process.argv[2]!) as WorkerOrder
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
  ...(onlyAsks ? {} : { handler: work }),
})
function work(_: number, { id, attempt, signal }: DurableJob<number, string>): Promise<string> {
  const start = now()
  signal.addEventListener('abort', () => say('aborted', id, attempt, now()))
  return new Promise((resolve) => {
    ends.set(id, () => {
      say('run', id, attempt, start, now())
      resolve(`theirs, attempt ${attempt}`)
    })
    say('start', id, attempt)
  })
}
function end(only: string | undefined): void {
  for (const [id, finish] of ends) {
    if (only !== undefined && only !== id) continue
    ends.delete(id)
    finish()
  }
}

say('ready')
for await (const line of createInterface(process.stdin)) {
  const [order, ...words] = line.split(' ') as [Order, ...string[]]
  if (order === 'stop') break
  if (order === 'end') end(words[0])
  else if (order === 'cancel') await queue.cancel(words[0]!)
  else if (order === 'put') say('put', (await queue.put(0, JSON.parse(words.join(' ')) as PutOptions)).runAt)
  else await queue.update(JSON.parse(words.join(' ')) as SettingsPatch)
}
await queue.stop()
process.stdin.destroy()
