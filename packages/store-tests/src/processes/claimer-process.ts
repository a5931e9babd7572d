import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Rate } from '@potoroo/queue'

/** What a claimer is started with. */
export interface ClaimerOrder {
  /** URL of a module that exports `openStore(where)`. */
  readonly module: string
  readonly where: string
  readonly queue: string
  readonly localWidth: number
}

/** What a claimer says. */
export type ClaimerLine =
  | { readonly type: 'ready' }
  | { readonly type: 'stopped' }
  /** A call of its handler, when it has ended. */
  | { readonly type: 'run'; readonly id: string; readonly start: number; readonly stop: number }
  /** What it goes by from now on; all that it claimed before has started. Null is no limit. */
  | { readonly type: 'limits'; readonly at: number; readonly width: number | null; readonly rate: Rate | null }

/** A real process that claims jobs. */
export class ClaimerProcess {
  readonly lines: ClaimerLine[] = []
  readonly #child: ChildProcess
  readonly #exit: Promise<never>
  readonly #waiting = new Set<() => void>()

  constructor(order: ClaimerOrder) {
    // Beside this file, in whatever form this one is.
    const source = import.meta.url.endsWith('.ts')
    const program = fileURLToPath(new URL(source ? './claimer.ts' : './claimer.js', import.meta.url))
    const flags = source ? ['--conditions=potoroo-source'] : []
    this.#child = spawn(process.execPath, [...flags, program, JSON.stringify(order)], { stdio: ['pipe', 'pipe', 'pipe'] })
    let errors = ''
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => (errors += text))
    this.#exit = new Promise((_, reject) => {
      this.#child.once('exit', (code, signal) => reject(new Error(`A claimer ended (${code ?? signal}): ${errors}`)))
    })
    this.#exit.catch(() => undefined)
    createInterface(this.#child.stdout!).on('line', (line) => {
      this.lines.push(JSON.parse(line) as ClaimerLine)
      for (const check of this.#waiting) check()
    })
  }

  /** Resolves once `found` finds what it looks for among the lines said so far; fails if the process ends before. */
  until<T>(found: (lines: readonly ClaimerLine[]) => T | undefined): Promise<T> {
    const seen = new Promise<T>((resolve) => {
      const check = (): void => {
        const result = found(this.lines)
        if (result === undefined) return
        this.#waiting.delete(check)
        resolve(result)
      }
      this.#waiting.add(check)
      check()
    })
    return Promise.race([seen, this.#exit])
  }

  says(type: ClaimerLine['type']): Promise<ClaimerLine> {
    return this.until((lines) => lines.find((line) => line.type === type))
  }

  /** Lets it finish what it has begun. */
  async stop(): Promise<void> {
    const stopped = this.says('stopped')
    this.#child.stdin!.write('stop\n')
    await stopped
    await this.#exit.catch(() => undefined)
  }

  /** Ends it, if it has not ended. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#exit.catch(() => undefined)
  }
}
