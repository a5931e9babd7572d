import { openQueue } from '@potoroo/queue'
import { sqliteStore } from '@potoroo/sqlite'
import { Deferred } from 'potoroo'
import { createInterface } from 'node:readline'

// A program with a queue of its own on a file: `work` runs jobs as it is told on its standard input, `put` puts them without end.

const [role, path] = process.argv.slice(2) as ['work' | 'put', string]
const say = (...words: unknown[]): void => void process.stdout.write(`${words.join(' ')}\n`)
const calls = new Map<string, Deferred<string>>()

const queue = await openQueue<unknown, string>({
  name: 'q',
  store: sqliteStore(path, { durability: 'process' }),
  lease: 5_000,
  onWarning: ({ message }) => say('warning', message),
  ...(role === 'work' && {
    handler: (_, job) => {
      const call = new Deferred<string>()
      calls.set(job.id, call)
      job.signal.addEventListener('abort', () => say('aborted', job.id))
      say('start', job.id, job.attempt)
      return new Promise((resolve, reject) => void call.then(resolve, reject))
    },
  }),
})
say('ready')

if (role === 'put') {
  for (let n = 0; ; n++) {
    await Promise.all(Array.from({ length: 5 }, () => queue.put(n).addCallback(({ id }) => say('put', id))))
  }
}
for await (const line of createInterface(process.stdin)) {
  const [command, id] = line.split(' ')
  if (command === 'look') say('looked', (await queue.counts()).underway)
  if (command === 'finish') calls.get(id!)!.callback('theirs')
  if (command === 'stop') break
}
await queue.stop()
say('stopped')
process.stdin.destroy()
