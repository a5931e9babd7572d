import { openQueue, type QueueStatus, type Store } from '@potoroo/queue'
import { Deferred } from 'potoroo'
import { createInterface } from 'node:readline'
import type { ClaimerLine, ClaimerOrder } from './claimer-process.ts'

// A program: takes jobs from a queue until it is told to stop, and writes down each call of its handler.

const order = JSON.parse(process.argv[2]!) as ClaimerOrder
const { openStore } = (await import(order.module)) as { openStore: (where: string) => Store }

function say(line: ClaimerLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

let calls = 0
const queue = await openQueue<null>({
  name: order.queue,
  store: openStore(order.where),
  localWidth: order.localWidth,
  handler: (_, { id }) => {
    const start = Date.now()
    // Of various lengths, and now and then at once.
    const ms = calls++ % 7
    const work = new Deferred()
    const end = (): void => {
      say({ type: 'run', id, start, stop: Date.now() })
      work.callback()
    }
    if (ms === 0) end()
    else setTimeout(end, ms)
    return work
  },
})

let seen = ''
function look({ width, rate }: QueueStatus): void {
  const limits = { width: Number.isFinite(width) ? width : null, rate }
  if (JSON.stringify(limits) === seen) return
  seen = JSON.stringify(limits)
  say({ type: 'limits', at: Date.now(), ...limits })
}

queue.observe((event) => {
  if (event.type === 'queue') look(event.status)
})
look(await queue.status())
say({ type: 'ready' })
for await (const line of createInterface(process.stdin)) if (line === 'stop') break
await queue.stop()
say({ type: 'stopped' })
process.stdin.destroy()
