import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { type DurableQueue, openQueue } from '@potoroo/queue'
import { postgresStore } from '@potoroo/postgres'
import { PostgresServer } from '../test/postgres-server.ts'
import { interleaved, median, type Row } from './measure.ts'

const TIMES = 10
/** Milliseconds after which what was done last is over everywhere. */
const QUIET = 20
/** Milliseconds after which what was not heard never will be. */
const PATIENCE = 10_000

type Jobs = DurableQueue<{ readonly waits: boolean }>
/** Something that is asked here, and reaches the other process: what goes before, what is measured, what goes after. */
interface Question {
  readonly what: string
  readonly most: number
  measure(queue: Jobs, heard: Heard): Promise<number>
}

/** From one process to another, there and back by a pipe: so the pipe's time is in the figures, too. */
export async function rows(): Promise<Row[]> {
  await using server = await PostgresServer.start(['fsync=on', 'full_page_writes=on'])
  const ways = ['notes', 'no notes'] as const
  const contenders = ways.flatMap((way) => QUESTIONS.map(({ what, measure }) => ({ name: `${way}: ${what}`, run: () => inTwoProcesses(server, way, measure) })))
  const figures = await interleaved(contenders)
  const row = (what: string, ours: number, most: number): Row => ({ what, unit: 'ms', ours, peers: [], target: `≤ ${most} ms`, met: ours <= most })
  return [
    ...QUESTIONS.map(({ what, most }) => row(`PostgreSQL, ${what}, in another process`, figures.get(`notes: ${what}`)!, most)),
    ...QUESTIONS.map(({ what }) => row(`PostgreSQL behind a pooler that lets no notes through, ${what}, in another process`, figures.get(`no notes: ${what}`)!, 100)),
  ]
}

const QUESTIONS: readonly Question[] = [
  {
    what: 'idle put → handler starts',
    most: 10,
    measure: (queue, heard) => heard.after('started', () => queue.put({ waits: false })),
  },
  {
    what: 'cancel → signal of the handler aborted',
    most: 100,
    async measure(queue, heard) {
      const job = await heard.next('started', () => queue.put({ waits: true }))
      await quiet()
      return heard.after('aborted', () => job.cancel())
    },
  },
  {
    what: 'pause → it is known',
    most: 100,
    async measure(queue, heard) {
      const figure = await heard.after('[10,null,true]', () => queue.update({ paused: true }))
      await heard.next('[10,null,false]', () => queue.update({ paused: false }))
      return figure
    },
  },
  {
    what: 'resume → a handler starts',
    most: 100,
    async measure(queue, heard) {
      await heard.next('[10,null,true]', () => queue.update({ paused: true }))
      await queue.put({ waits: false })
      await quiet()
      return heard.after('started', () => queue.update({ paused: false }))
    },
  },
  {
    what: 'wider → a handler starts',
    most: 100,
    async measure(queue, heard) {
      await heard.next('[0,null,false]', () => queue.update({ width: 0 }))
      await queue.put({ waits: false })
      await quiet()
      return heard.after('started', () => queue.update({ width: 10 }))
    },
  },
  {
    what: 'narrower → it is known',
    most: 100,
    async measure(queue, heard) {
      const figure = await heard.after('[3,null,false]', () => queue.update({ width: 3 }))
      await heard.next('[10,null,false]', () => queue.update({ width: 10 }))
      return figure
    },
  },
  {
    what: 'another rate → it is known',
    most: 100,
    async measure(queue, heard) {
      const figure = await heard.after('[10,{"limit":5,"per":1000},false]', () => queue.update({ rate: { limit: 5, per: 1_000 } }))
      await heard.next('[10,null,false]', () => queue.update({ rate: null }))
      return figure
    },
  },
]

/** What the other process says. */
class Heard {
  readonly #worker: ChildProcess

  constructor(worker: ChildProcess) {
    this.#worker = worker
  }

  /** Does `ask`, and waits until `word` was said and that is done. */
  async next<T>(word: string, ask: () => PromiseLike<T>): Promise<T> {
    const said = this.#says(word)
    const asked = await ask()
    await said
    return asked
  }

  /** The milliseconds from asking until `word` was said, whatever the answer to what was asked takes. */
  async after(word: string, ask: () => PromiseLike<unknown>): Promise<number> {
    const said = this.#says(word)
    const start = performance.now()
    const asked = ask()
    await said
    const figure = performance.now() - start
    await asked
    return figure
  }

  #says(word: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`The other process never said ${word}`)), PATIENCE)
      const listen = (message: unknown): void => {
        if (message !== word) return
        clearTimeout(late)
        this.#worker.off('message', listen)
        resolve()
      }
      this.#worker.on('message', listen)
    })
  }
}

/** The median of many measurements with a process that works on the queue. */
async function inTwoProcesses(server: PostgresServer, way: 'notes' | 'no notes', measure: Question['measure']): Promise<number> {
  const worker = fork(fileURLToPath(new URL('./postgres/worker.ts', import.meta.url)), [server.url(), way])
  using _worker = { [Symbol.dispose]: () => void worker.kill() }
  await once(worker, 'message')
  const queue: Jobs = await openQueue({ name: 'bench', store: postgresStore({ connectionString: server.url() }), width: 10 })
  const heard = new Heard(worker)
  const figures: number[] = []
  for (let i = 0; i < TIMES; i++) {
    await quiet()
    figures.push(await measure(queue, heard))
    await queue.idle()
  }
  await queue.stop()
  worker.send('stop')
  await once(worker, 'exit')
  return median(figures)
}

function quiet(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, QUIET))
}
