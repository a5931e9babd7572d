import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { type DurableQueue, openQueue, type QueueOptions } from '@potoroo/queue'
import { median } from '../measure.ts'

/** Milliseconds after which what was done last is over everywhere. */
const QUIET = 20
/** Milliseconds after which what was not heard never will be. */
const PATIENCE = 10_000

/** What the jobs of these questions say: whether to go on until they are cancelled. */
export interface Waits {
  readonly waits: boolean
}

/** Something that is asked here, and reaches the other process. */
export type Question = (queue: DurableQueue<Waits>, heard: Heard) => Promise<number>

/** From putting a job to where its handler is called. */
export const putToStart: Question = (queue, heard) => heard.after('started', () => queue.put({ waits: false }))

/** From cancelling a job to where its handler hears of it. */
export const cancelToAbort: Question = async (queue, heard) => {
  const job = await heard.next('started', () => queue.put({ waits: true }))
  await quiet()
  return heard.after('aborted', () => job.cancel())
}

/** The median of so many measurements, with a process that works on the queue; ends it. */
export async function inTwoProcesses(worker: ChildProcess, options: QueueOptions<Waits, unknown>, times: number, question: Question): Promise<number> {
  using _worker = { [Symbol.dispose]: () => void worker.kill() }
  await once(worker, 'message')
  const queue = await openQueue(options)
  const heard = new Heard(worker)
  const figures: number[] = []
  for (let i = 0; i < times; i++) {
    await quiet()
    figures.push(await question(queue, heard))
    await queue.idle()
  }
  await queue.stop()
  worker.send('stop')
  await once(worker, 'exit')
  return median(figures)
}

/** What the other process says. */
export class Heard {
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

export function quiet(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, QUIET))
}
