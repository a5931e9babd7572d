import { openQueue } from '@potoroo/queue'
import { createInterface } from 'node:readline'
import { openStore } from './open-store.ts'

// A worker as a program of its own: says which attempts it starts, and ends them when it is told to.

const say = (...words: unknown[]): void => void process.stdout.write(`${words.join(' ')}\n`)
const ends: (() => void)[] = []
const queue = await openQueue<number, string>({
  name: 'q',
  store: openStore(process.argv[2]!),
  lease: 5_000,
  onWarning: ({ message }) => say('warning', message),
  handler: (_, { id, attempt }) =>
    new Promise((resolve) => {
      ends.push(() => resolve('theirs'))
      say('start', id, attempt)
    }),
})
say('ready')
for await (const line of createInterface(process.stdin)) {
  if (line === 'stop') break
  for (const end of ends.splice(0)) end()
}
await queue.stop()
process.stdin.destroy()
