import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'

/** A call of a handler that has ended. */
export interface Run {
  readonly id: string
  readonly attempt: number
  readonly start: number
  stop: number
}

/** A worker that runs worker-program.ts, in a process of its own. */
export class WorkerProcess implements AsyncDisposable {
  readonly lines: string[] = []
  /** Called with each line that it says. */
  onLine: (line: string) => void = () => {}
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown[]>

  /** @param where as `openStore` takes it */
  constructor(where: string, localWidth?: number) {
    const program = fileURLToPath(new URL('./worker-program.ts', import.meta.url))
    const args = ['--conditions=potoroo-source', program, where, ...(localWidth === undefined ? [] : [String(localWidth)])]
    this.#child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#ended = once(this.#child, 'close')
    createInterface(this.#child.stdout!).on('line', (line) => {
      this.lines.push(line)
      this.onLine(line)
    })
  }

  async says(line: string): Promise<void> {
    await expect.poll(() => this.lines).toContain(line)
  }

  get runs(): Run[] {
    const words = this.lines.map((line) => line.split(' ')).filter(([word]) => word === 'run')
    return words.map(([, id, attempt, start, stop]) => ({ id: id!, attempt: Number(attempt), start: Number(start), stop: Number(stop) }))
  }

  get warnings(): string[] {
    return this.lines.filter((line) => line.startsWith('warning'))
  }

  tell(line: 'end' | 'stop'): void {
    this.#child.stdin!.write(`${line}\n`)
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(signal)
  }

  /** Lets it stop its queue, and expects it to end well. */
  async stop(): Promise<void> {
    this.tell('stop')
    expect((await this.#ended)[0]).toBe(0)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#ended
  }
}
