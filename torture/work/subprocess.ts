import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export interface HowToSpawn {
  /** Node's own. */
  readonly flags?: readonly string[]
  /** Whose process it is to be; left out, ours. */
  readonly uid?: number | undefined
}

/** A program of this folder as a real process, told and telling by lines. */
export class Subprocess {
  readonly began = Date.now()
  readonly pid: number
  /** When it was killed, or seen to have ended. */
  endedAt: number | undefined
  /** Resolves with its exit status, or the signal that ended it. */
  readonly ended: Promise<number | string>
  /** What it has written to its standard error. */
  errors = ''
  readonly #child: ChildProcess
  readonly #lines: string[] = []
  readonly #waiting = new Set<() => void>()

  /** @param program beside this file @param order what it is given, as JSON */
  constructor(program: string, order: object, { flags = [], uid }: HowToSpawn = {}) {
    const path = fileURLToPath(new URL(program, import.meta.url))
    this.#child = spawn(process.execPath, [...flags, path, JSON.stringify(order)], {
      stdio: ['pipe', 'pipe', 'pipe'],
      // A signal of the terminal is for the one who gives the orders.
      detached: true,
      ...(uid !== undefined && { uid, gid: uid }),
    })
    this.pid = this.#child.pid!
    this.#child.stdin!.on('error', () => undefined)
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => (this.errors += text))
    this.ended = new Promise((resolve) => {
      const end = (how: number | string): void => {
        this.endedAt ??= Date.now()
        resolve(how)
        for (const check of this.#waiting) check()
      }
      this.#child.once('close', (code, signal) => end(code ?? signal!))
      this.#child.once('error', (error) => {
        // It could not even be started.
        this.errors += error.message
        end('error')
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
        else reject(new Error(`A process ended and had not said '${beginning}': ${this.errors}`))
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

  /** Tells it something, and resolves when it has said that it has heard. */
  ask(line: string, answer: string): Promise<string> {
    const said = this.says(answer, this.said(answer) + 1)
    this.tell(line)
    return said
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** `kill -9`; resolves when it is gone. */
  async kill(): Promise<void> {
    // What it does after this does not count, and what it did before this does.
    this.endedAt ??= Date.now()
    this.#child.kill('SIGKILL')
    await this.ended
  }

  /** Lets it finish what it has begun; resolves with its exit status. */
  async stop(): Promise<number | string> {
    this.tell('stop')
    return this.ended
  }
}
