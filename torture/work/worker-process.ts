import { readFileSync } from 'node:fs'
import { guard } from '../guard.ts'
import { type LogLine, readLog } from './log.ts'
import type { Order } from './order.ts'
import { type HowToSpawn, Subprocess } from './subprocess.ts'

/** A time in which a process stood still. */
export interface Pause {
  /** When it was told to. */
  readonly from: number
  /** When it surely did. */
  by: number
  /** When it was told to go on. */
  to: number
}

/** A worker as a real process, and what is known of its life. */
export class WorkerProcess extends Subprocess {
  readonly order: Order
  readonly pauses: Pause[] = []
  #release: (() => void) | undefined

  constructor(order: Order, how?: HowToSpawn) {
    super('./worker.ts', order, how)
    this.order = order
    void this.ended.then(() => this.#release?.())
  }

  /** Stands still from now on, in the middle of whatever it does. */
  async pause(): Promise<void> {
    const pause = { from: Date.now(), by: Infinity, to: Infinity }
    this.pauses.push(pause)
    // Once it goes on it finds that nobody is there to give orders, and ends.
    this.#release?.()
    this.#release = guard(this.pid, 'CONT')
    this.signal('SIGSTOP')
    while (this.endedAt === undefined && !this.#isAsleep()) await new Promise((resolve) => setTimeout(resolve, 1))
    pause.by = Date.now()
  }

  resume(): void {
    const pause = this.pauses.at(-1)
    if (pause !== undefined) pause.to = Date.now()
    this.signal('SIGCONT')
    this.#release?.()
  }

  get lines(): LogLine[] {
    try {
      return readLog(this.order.log)
    } catch (error) {
      // It may have been ended before it had begun.
      if ((error as { code?: unknown }).code === 'ENOENT') return []
      throw error
    }
  }

  #isAsleep(): boolean {
    try {
      return /^State:\s+T/m.test(readFileSync(`/proc/${this.pid}/status`, 'utf8'))
    } catch {
      return true
    }
  }
}
