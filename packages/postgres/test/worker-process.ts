import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'

/** For what happens within seconds, and on a machine that is busy a little later. */
export const PATIENT = { interval: 10, timeout: 60_000 }

/** A call of a handler that has ended. */
export interface Run {
  readonly id: string
  readonly attempt: number
  readonly start: number
  stop: number
}

/** What worker-program.ts is started with. */
export interface WorkerOrder {
  /** As `openStore` takes it. */
  readonly where: string
  readonly localWidth?: number
  /** Left out: as short as one may be. */
  readonly lease?: number
  /** Milliseconds by which its clock is fast. */
  readonly clockIsFastBy?: number
  /** Whether it takes no jobs. */
  readonly onlyAsks?: boolean
}

/** What it can be told: `end` is about all its handlers, with an id behind it about one; `cancel` has an id, `update` and `put` JSON. */
export type Order = 'end' | 'cancel' | 'update' | 'put' | 'stop'

/** A worker that runs worker-program.ts, in a process of its own. */
export class WorkerProcess implements AsyncDisposable {
  readonly lines: string[] = []
  /** Called with each line that it says. */
  onLine: (line: string) => void = () => {}
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown[]>

  /** @param namespaceOf a process in whose network namespace it is to be; left out: this one's */
  constructor(where: string, { namespaceOf, ...order }: Omit<WorkerOrder, 'where'> & { readonly namespaceOf?: number } = {}) {
    const program = fileURLToPath(new URL('./worker-program.ts', import.meta.url))
    const command = [process.execPath, '--conditions=potoroo-source', program, JSON.stringify({ where, ...order } satisfies WorkerOrder)]
    if (namespaceOf !== undefined) command.unshift('nsenter', '-t', String(namespaceOf), '-n')
    this.#child = spawn(command[0]!, command.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#ended = once(this.#child, 'close')
    createInterface(this.#child.stdout!).on('line', (line) => {
      this.lines.push(line)
      this.onLine(line)
    })
  }

  /** @param words that a line of its begins with */
  async says(words: string): Promise<void> {
    const said = (): boolean => this.lines.some((line) => `${line} `.startsWith(`${words} `))
    await expect.poll(() => said() || this.#child.exitCode !== null, PATIENT).toBe(true)
    expect(said(), `It ended before it said "${words}"`).toBe(true)
  }

  get runs(): Run[] {
    const words = this.lines.map((line) => line.split(' ')).filter(([word]) => word === 'run')
    return words.map(([, id, attempt, start, stop]) => ({ id: id!, attempt: Number(attempt), start: Number(start), stop: Number(stop) }))
  }

  /** When the signal of an attempt was aborted. */
  abortOf(id: string, attempt: number): number {
    const start = `aborted ${id} ${attempt} `
    return Number(this.lines.find((line) => line.startsWith(start))!.slice(start.length))
  }

  get warnings(): string[] {
    return this.lines.filter((line) => line.startsWith('warning'))
  }

  tell(line: Order | `${Order} ${string}`): void {
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
