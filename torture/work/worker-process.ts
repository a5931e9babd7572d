import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type LogLine, readLog } from './log.ts'
import type { Order } from './order.ts'

/** A time in which a process stood still. */
export interface Pause {
  readonly from: number
  to: number
}

const PROGRAM = fileURLToPath(new URL('./worker.ts', import.meta.url))

/** A worker as a real process, and what is known of its life. */
export class WorkerProcess {
  readonly order: Order
  readonly began = Date.now()
  readonly pauses: Pause[] = []
  /** When it was killed, or seen to have ended. */
  endedAt: number | undefined
  /** Resolves with its exit status, or the signal that ended it. */
  readonly ended: Promise<number | string>
  readonly pid: number
  readonly #child: ChildProcess
  readonly #lines: string[] = []
  readonly #waiting = new Set<() => void>()
  /** What it said that was not asked for. */
  errors = ''

  constructor(order: Order, { flags = [], uid }: { readonly flags?: readonly string[]; readonly uid?: number | undefined } = {}) {
    this.order = order
    this.#child = spawn(process.execPath, [...flags, PROGRAM, JSON.stringify(order)], {
      stdio: ['pipe', 'pipe', 'pipe'],
      // A signal of the terminal is for the one who gives the orders.
      detached: true,
      ...(uid !== undefined && { uid, gid: uid }),
    })
    this.pid = this.#child.pid!
    this.#child.stdin!.on('error', () => undefined)
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => (this.errors += text))
    this.ended = new Promise((resolve) => {
      this.#child.once('close', (code, signal) => {
        this.endedAt ??= Date.now()
        resolve(code ?? signal!)
        for (const check of this.#waiting) check()
      })
    })
    createInterface(this.#child.stdout!).on('line', (line) => {
      this.#lines.push(line)
      for (const check of this.#waiting) check()
    })
  }

  /** Resolves with the last of so many lines that begin so; fails if it ends before. */
  says(beginning: string, times = 1): Promise<string> {
    return new Promise((resolve, reject) => {
      const check = (): void => {
        const found = this.#lines.filter((line) => line.startsWith(beginning))
        if (found.length < times && this.endedAt === undefined) return
        this.#waiting.delete(check)
        if (found.length >= times) resolve(found[times - 1]!)
        else reject(new Error(`A worker ended and had not said '${beginning}': ${this.errors}`))
      }
      this.#waiting.add(check)
      check()
    })
  }

  /** How often it has said such a line. */
  said(beginning: string): number {
    return this.#lines.filter((line) => line.startsWith(beginning)).length
  }

  tell(line: string): void {
    if (this.endedAt === undefined) this.#child.stdin!.write(`${line}\n`)
  }

  /** `kill -9`; resolves when it is gone. */
  async kill(): Promise<void> {
    // What it does after this does not count, and what it did before this does.
    this.endedAt ??= Date.now()
    this.#child.kill('SIGKILL')
    await this.ended
  }

  /** Stands still from now on, in the middle of whatever it does. */
  async pause(): Promise<void> {
    this.pauses.push({ from: Date.now(), to: Infinity })
    this.#child.kill('SIGSTOP')
    while (this.endedAt === undefined && !this.#isAsleep()) await new Promise((resolve) => setTimeout(resolve, 1))
  }

  resume(): void {
    this.#child.kill('SIGCONT')
    const pause = this.pauses.at(-1)
    if (pause !== undefined) pause.to = Date.now()
  }

  /** Lets it finish what it has begun; resolves with its exit status. */
  async stop(): Promise<number | string> {
    this.tell('stop')
    return this.ended
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
