import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { postgresStore } from '@potoroo/postgres'
import { type DurableQueue, openQueue, type PutOptions, type QueueOptions, type Store } from '@potoroo/queue'
import { sqliteStore } from '@potoroo/sqlite'

const MAIN = fileURLToPath(new URL('../bin/potoroo.js', import.meta.url))

export interface Ended {
  readonly status: number | null
  readonly out: string
  readonly err: string
}

/** The command as a real process, built. */
export class Running implements AsyncDisposable {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>

  constructor(folder: string, args: readonly string[]) {
    this.child = spawn(process.execPath, [MAIN, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
    let out = ''
    let err = ''
    this.child.stdout!.setEncoding('utf8').on('data', (text: string) => (out += text))
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => (err += text))
    this.ended = once(this.child, 'close').then(([status]) => ({ status: status as number | null, out, err }))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill('SIGKILL')
    await this.ended
  }
}

/** A folder with stores, gone with the test. */
export class Stores implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'potoroo-cli-'))

  file(name: string): string {
    return join(this.path, name)
  }

  /** @param where a file of the folder's, or a URL of PostgreSQL's */
  open(where: string, options: Partial<QueueOptions<unknown, unknown>> = {}): PromiseLike<DurableQueue> {
    return openQueue<unknown, unknown>({ name: 'mail', store: this.#store(where), ...options })
  }

  /** Makes a store with a queue of so many jobs, whose arguments are their numbers. */
  async fill(where: string, jobs: number, name = 'mail'): Promise<void> {
    const queue = await this.open(where, { name })
    await queue.putMany(Array.from({ length: jobs }, (_, arg) => ({ arg })))
    await queue.stop()
  }

  /** Puts a job, with nobody there to run it; gives its id. */
  async put(where: string, arg: unknown, options: PutOptions): Promise<string> {
    const queue = await this.open(where)
    const { id } = await queue.put(arg, options)
    await queue.stop()
    return id
  }

  /** The arguments of all jobs of a queue, in order of arrival. */
  async args(where: string, name = 'mail'): Promise<unknown[]> {
    const queue = await this.open(where, { name })
    const args: unknown[] = []
    let after: string | undefined
    do {
      const page = await queue.list({ limit: 500, ...(after !== undefined && { after }) })
      args.push(...page.jobs.map(({ arg }) => arg))
      after = page.next ?? undefined
    } while (after !== undefined)
    await queue.stop()
    return args
  }

  #store(where: string): Store {
    if (where.startsWith('postgres')) return postgresStore({ connectionString: where })
    return sqliteStore(this.file(where), { durability: 'process' })
  }

  run(...args: string[]): Promise<Ended> {
    return new Running(this.path, args).ended
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}
