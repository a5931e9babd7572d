import { type DurableQueue, isOver, openQueue, type QueueStatus } from '@potoroo/queue'
import { createInterface } from 'node:readline'
import { Random } from '../random.ts'
import { JumpingClock } from './clock.ts'
import { setCrashPoint } from './crash.ts'
import { handle, type Kind, type Receipt, type Task, TIMEOUT } from './handlers.ts'
import { Log } from './log.ts'
import type { Order } from './order.ts'
import { openStore } from './store.ts'

// A program: puts jobs into a queue and runs them, and writes down what it sees, until it is told to stop.

const order = JSON.parse(process.argv[2]!) as Order
const log = new Log(order.log)
const random = new Random(order.seed)
const clock = order.offset === null ? undefined : new JumpingClock(order.offset)
const say = (line: string): void => void process.stdout.write(`${line}\n`)
const dying = (): void => log.write({ type: 'dying' })
if (order.crash !== null) setCrashPoint(order.crash, dying)

let stopping = false
/** Told to stop; else the end of the input means that whoever gave the orders is gone. */
let told = false
const scene = {
  random,
  exit: (): never => {
    dying()
    process.exit(0)
  },
  block: (ms: number) => {
    log.write({ type: 'blocked', ms })
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
  },
}

const queue = await openQueue<Task, Receipt>({
  name: order.queue,
  store: openStore(order.store),
  lease: order.lease,
  localWidth: order.localWidth,
  // None of them runs out of attempts because of what is done to its workers.
  retry: { maxAttempts: 1_000, backoff: [1, 20, 50] },
  onWarning: (error) => {
    const { code } = error as { code?: unknown }
    log.write({ type: 'warning', code: typeof code === 'string' ? code : null, message: error.message })
  },
  ...(clock && { clock }),
  ...(order.width === undefined ? {} : { width: order.width }),
  ...(order.rate === undefined ? {} : { rate: order.rate }),
  ...(order.runs && {
    handler: (_, job) => {
      const { id, attempt, runAt, startTime } = job
      const token = job.attemptToken!
      log.write({ type: 'start', id, token, attempt, claimed: startTime!, runAt })
      const end = <T>(result: T): T => {
        log.write({ type: 'end', id, token })
        return result
      }
      try {
        const result = handle(job, scene)
        if (!(result instanceof Promise)) return end(result)
        return result.then(end, (error: unknown) => {
          throw end(error)
        })
      } catch (error) {
        throw end(error)
      }
    },
  }),
})

let known = ''
function look({ width, rate }: QueueStatus): void {
  const limits = JSON.stringify([width, rate])
  if (limits !== known) log.write({ type: 'limits', width, rate })
  known = limits
}
queue.observe((event) => {
  if (event.type === 'queue') return look(event.status)
  const { id, state, result } = event.job
  if (isOver(state)) log.write({ type: 'over', id, state, result: result === undefined ? null : JSON.stringify(result) })
})

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Puts jobs, some one by one and some together, and goes on when it was refused. */
async function putAll(queue: DurableQueue<Task, Receipt>): Promise<void> {
  for (let left = order.puts; left > 0 && !stopping; ) {
    try {
      if ((await queue.counts()).pending >= order.backlog) {
        await pause(10)
        continue
      }
      const items = Array.from({ length: Math.min(left, random.between(1, 8)) }, () => item(random.pick(order.kinds)))
      const together = random.next() < 0.5
      const puts = together ? [queue.putMany(items)] : items.map(({ arg, ...options }) => queue.put(arg, options).addCallback((job) => [job]))
      const results = await Promise.allSettled(puts)
      for (const result of results) {
        if (result.status === 'rejected') throw result.reason
        for (const { id, arg } of result.value) log.write({ type: 'put', id, kind: arg.kind })
        left -= result.value.length
      }
    } catch (error) {
      const { code, message } = error as { code?: unknown; message?: unknown }
      log.write({ type: 'refused', code: String(code ?? message) })
      await pause(20)
    }
  }
  say('put')
}

function item(kind: Kind) {
  const ms = random.between(0, 12)
  const limited = kind === 'hang' || kind === 'deaf' || kind === 'endless'
  return {
    arg: { kind, ms: kind === 'block' ? random.between(1, order.block) : ms, ...(order.ballast > 0 && { ballast: 'x'.repeat(random.between(0, order.ballast)) }) },
    priority: random.between(-1, 1),
    ...(order.delay > 0 && random.next() < 0.2 && { delay: random.between(1, order.delay) }),
    ...(limited && { timeout: TIMEOUT }),
    ...(kind === 'nonsense' && { maxAttempts: 2 }),
  }
}

look(await queue.status())
say('ready')
void putAll(queue)
for await (const line of createInterface(process.stdin)) {
  const [word, value] = line.split(' ')
  if (word === 'jump') {
    clock?.jumpTo(Number(value))
    say('jumped')
  }
  // The rest is run, but no more is put.
  if (word === 'enough') stopping = true
  told = word === 'stop'
  if (told) break
}
if (!told) process.exit(1)
stopping = true
await queue.stop()
say('stopped')
process.stdin.destroy()
