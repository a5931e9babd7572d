import { openQueue } from '@potoroo/queue'
import { createInterface } from 'node:readline'
import { openStore } from './open-store.ts'

// A worker as a program of its own: says which attempts it starts, and ends them when it is told to.

const [where, localWidth] = process.argv.slice(2)
const say = (...words: unknown[]): void => void process.stdout.write(`${words.join(' ')}\n`)
const ends: (() => void)[] = []
const queue = await openQueue<number, string>({
  name: 'q',
  store: openStore(where!),
  lease: 5_000,
  ...(localWidth === undefined ? {} : { localWidth: Number(localWidth) }),
  onWarning: ({ message }) => say('warning', message),
  handler: (_, { id, attempt }) => {
    const start = Date.now()
    say('start', id, attempt)
    return new Promise((resolve) => {
      ends.push(() => {
        say('run', id, attempt, start, Date.now())
        resolve(`theirs, attempt ${attempt}`)
      })
    })
  },
})
say('ready')
for await (const line of createInterface(process.stdin)) {
  if (line === 'stop') break
  for (const end of ends.splice(0)) end()
}
await queue.stop()
process.stdin.destroy()
