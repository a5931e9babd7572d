import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { guard } from './guard.ts'

/** The SMS service as a process group of its own, as `npm start` runs it. */
export class ServiceProcess {
  readonly url: string
  readonly #child: ChildProcess
  readonly #ended: Promise<number | null>

  private constructor(url: string, child: ChildProcess, ended: Promise<number | null>) {
    this.url = url
    this.#child = child
    this.#ended = ended
  }

  /** Starts the built service; resolves when it has printed the address that it listens on. */
  static async start(env: Record<string, string>): Promise<ServiceProcess> {
    const child = spawn(process.execPath, ['apps/sms/dist/main.js'], {
      env: { ...process.env, PORT: '0', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
    const release = guard(-child.pid!, 'KILL')
    void ended.then(release)
    let said = ''
    child.stderr!.setEncoding('utf8').on('data', (text: string) => (said += text))
    const url = await new Promise<string>((resolve, reject) => {
      const lines = createInterface(child.stdout!)
      lines.on('line', (line) => {
        const found = /https?:\/\/[\w.:-]+\d/.exec(line)
        if (found) resolve(found[0])
      })
      child.once('error', reject)
      void ended.then((code) => reject(new Error(`The service ended with ${code} before it listened: ${said}`)))
    })
    return new ServiceProcess(url, child, ended)
  }

  /** `kill -9` of the whole process group. */
  async kill(): Promise<void> {
    process.kill(-this.#child.pid!, 'SIGKILL')
    await this.#ended
  }

  /** SIGTERM; resolves with the exit status. */
  async stop(): Promise<number | null> {
    this.#child.kill('SIGTERM')
    return this.#ended
  }
}
