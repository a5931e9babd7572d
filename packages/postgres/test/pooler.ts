import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** A PgBouncer in transaction mode before a server: each transaction may have another connection. */
export class Pooler implements AsyncDisposable {
  readonly url: string
  readonly #folder: string
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown>

  private constructor(program: string, folder: string, port: number, server: number) {
    this.#folder = folder
    this.url = `postgres://postgres@127.0.0.1:${port}/postgres`
    const settings = {
      listen_addr: '127.0.0.1',
      listen_port: port,
      unix_socket_dir: '',
      auth_type: 'any',
      pool_mode: 'transaction',
      max_client_conn: 500,
      default_pool_size: 10,
    }
    const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`)
    const file = join(folder, 'pgbouncer.ini')
    writeFileSync(file, ['[databases]', `postgres = host=127.0.0.1 port=${server} user=postgres`, '[pgbouncer]', ...lines, ''].join('\n'))
    chmodSync(folder, 0o755)
    // It refuses to be root.
    const user = process.getuid?.() === 0 ? ['--user', 'nobody'] : []
    this.#child = spawn(program, [...user, file], { stdio: ['ignore', 'ignore', 'pipe'] })
    this.#ended = once(this.#child, 'close')
  }

  static async before(server: number, program: string): Promise<Pooler> {
    const pooler = new Pooler(program, mkdtempSync(join(tmpdir(), 'potoroo-pooler-')), await freePort(), server)
    const said: string[] = []
    await new Promise<void>((resolve, reject) => {
      createInterface(pooler.#child.stderr!).on('line', (line) => {
        said.push(line)
        if (line.includes('process up')) resolve()
      })
      pooler.#child.once('error', reject)
      pooler.#child.once('close', () => reject(new Error(`PgBouncer did not start: ${said.join('\n')}`)))
    })
    return pooler
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#ended
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
