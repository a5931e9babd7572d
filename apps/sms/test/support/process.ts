import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url))

/** A folder for the data of one test, gone when that is over. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'potoroo-sms-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** The service as a real process, built, in a folder of its own. */
export class ServiceProcess {
  readonly child: ChildProcess
  readonly #ended: Promise<number | null>
  stdout = ''
  stderr = ''

  /** @param env its settings: it knows no others. Leads a group of its own, as in a terminal. */
  constructor(folder: string, env: Record<string, string> = {}) {
    this.child = spawn(process.execPath, [MAIN], {
      cwd: folder,
      env: { PATH: process.env['PATH'] ?? '', PORT: '0', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    this.child.stdout!.setEncoding('utf8').on('data', (text: string) => (this.stdout += text))
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => (this.stderr += text))
    this.#ended = once(this.child, 'close').then(([status]) => status as number | null)
    onTestFinished(async () => {
      if (this.child.exitCode === null && this.child.signalCode === null) this.signal('SIGKILL')
      await this.#ended
    })
  }

  /** A service that has started, and says where. */
  static async start(folder: string, env: Record<string, string> = {}): Promise<ServiceProcess & { readonly url: string }> {
    const service = new ServiceProcess(folder, env)
    const url = await service.output(/Form +(http:\/\/\S+)\//)
    return Object.assign(service, { url })
  }

  /** The first group of what standard output is to match, once it does. */
  async output(pattern: RegExp): Promise<string> {
    const ended = this.#ended.then((status) => {
      throw new Error(`It ended with ${status} before it said ${pattern}: ${this.stdout}${this.stderr}`)
    })
    ended.catch(() => {})
    for (;;) {
      const found = pattern.exec(this.stdout)
      if (found) return found[1] ?? found[0]
      await Promise.race([once(this.child.stdout!, 'data'), ended])
    }
  }

  /** To the process alone, or as a terminal does, to everybody in its group. */
  signal(signal: NodeJS.Signals, { group = false } = {}): void {
    process.kill(group ? -this.child.pid! : this.child.pid!, signal)
  }

  /** The exit status; null if a signal ended it. */
  ended(): Promise<number | null> {
    return this.#ended
  }
}

/** Posts a message to a service, and gives its id. */
export async function send(url: string, text = 'hello', to = '+34612345678'): Promise<string> {
  const answer = await fetch(`${url}/messages`, { method: 'POST', body: new URLSearchParams({ to, text }) })
  if (answer.status !== 202) throw new Error(`The message was not taken: ${await answer.text()}`)
  return ((await answer.json()) as { id: string }).id
}
