import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** The queue program, or another beside it, as a real process. */
export class Program implements AsyncDisposable {
  readonly lines: string[] = []
  readonly #child: ChildProcess
  readonly #exit: Promise<never>
  readonly #waiting = new Set<() => void>()

  constructor(role: 'work' | 'put', path: string, file = 'queue-program.ts') {
    const program = fileURLToPath(new URL(file, import.meta.url))
    this.#child = spawn(process.execPath, ['--conditions=potoroo-source', program, role, path], { stdio: ['pipe', 'pipe', 'pipe'] })
    let errors = ''
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => (errors += text))
    this.#exit = new Promise((_, reject) => {
      this.#child.once('close', (code, signal) => reject(new Error(`The program ended (${code ?? signal}): ${errors}`)))
    })
    this.#exit.catch(() => undefined)
    createInterface(this.#child.stdout!).on('line', (line) => {
      this.lines.push(line)
      for (const check of this.#waiting) check()
    })
  }

  /** Resolves once it has said so many lines that begin so, with the last of them; fails if it ends before. */
  says(beginning: string, times = 1): Promise<string> {
    const said = new Promise<string>((resolve) => {
      const check = (): void => {
        const found = this.lines.filter((line) => line.startsWith(beginning))
        if (found.length < times) return
        this.#waiting.delete(check)
        resolve(found[times - 1]!)
      }
      this.#waiting.add(check)
      check()
    })
    return Promise.race([said, this.#exit])
  }

  tell(line: string): void {
    this.#child.stdin!.write(`${line}\n`)
  }

  /**
   * Puts it to sleep, at a moment when it is not writing: asleep in the middle of a commit, it would keep everybody else
   * from writing for as long.
   */
  async sleep(mayWrite: () => boolean): Promise<void> {
    for (let tries = 1; ; tries++) {
      this.tell('look')
      await this.says('looked', tries)
      this.#child.kill('SIGSTOP')
      while (!this.#asleep()) await new Promise((resolve) => setImmediate(resolve))
      if (mayWrite()) return
      this.wake()
    }
  }

  wake(): void {
    this.#child.kill('SIGCONT')
  }

  #asleep(): boolean {
    const { stdout } = spawnSync('ps', ['-o', 'state=', '-p', String(this.#child.pid)], { encoding: 'utf8' })
    return stdout.trim().startsWith('T')
  }

  async ended(): Promise<void> {
    await this.#exit.catch(() => undefined)
  }

  /** `kill -9`, if it has not ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.ended()
  }
}
