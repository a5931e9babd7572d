import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { promisify } from 'node:util'

const run = promisify(execFile)

/**
 * A machine as far as the network goes: a namespace of its own. It is held by a process that ends when this one does, however
 * that ends, and with the last process in it the kernel takes down the namespace and its links.
 */
class Namespace implements AsyncDisposable {
  readonly #holder: ChildProcess
  readonly #ended: Promise<unknown>

  private constructor(holder: ChildProcess) {
    this.#holder = holder
    this.#ended = once(holder, 'close')
  }

  static async make(): Promise<Namespace> {
    // Reads until the end of its input, which comes with ours.
    const holder = spawn('unshare', ['--net', 'sh', '-c', 'echo made; exec cat'], { stdio: ['pipe', 'pipe', 'inherit'] })
    const namespace = new Namespace(holder)
    const made = once(holder.stdout!, 'data')
    await Promise.race([
      made,
      namespace.#ended.then(() => {
        throw new Error('No namespace was made')
      }),
    ])
    try {
      await namespace.run('ip', 'link', 'set', 'lo', 'up')
    } catch (error) {
      await namespace[Symbol.asyncDispose]()
      throw error
    }
    return namespace
  }

  get pid(): number {
    return this.#holder.pid!
  }

  async run(...command: string[]): Promise<void> {
    await run('nsenter', ['-t', String(this.pid), '-n', ...command])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#holder.stdin!.end()
    await this.#ended
  }
}

/** A machine in a network, and the cable that leads to it. */
export interface Machine {
  /** A process that is in its namespace, for `nsenter`. */
  readonly pid: number
  /** Its cable is pulled: what is sent vanishes, and nobody is told. */
  cutOff(): Promise<void>
  rejoin(): Promise<void>
}

/** Machines that are connected by a switch, on which the server is, too. This machine's own network is left alone. */
export class Network implements AsyncDisposable {
  /** Where whatever runs beside the switch listens, as the machines see it. */
  readonly address = '10.0.0.1'
  readonly #hub: Namespace
  readonly #machines: Namespace[] = []

  private constructor(hub: Namespace) {
    this.#hub = hub
  }

  /** Why this machine lets nobody make a network, if it does not: found out by making one. */
  static whyNot(): string | undefined {
    const commands = ['ip link add one type veth peer name two', 'ip link add three type bridge', 'nsenter -t $$ -n true']
    const { status, stderr, error } = spawnSync('unshare', ['--net', 'sh', '-ec', commands.join('; ')], { encoding: 'utf8' })
    return status === 0 ? undefined : stderr.trim() || error?.message || `unshare ended with ${status}`
  }

  static async make(): Promise<Network> {
    const hub = await Namespace.make()
    const network = new Network(hub)
    try {
      await hub.run('ip', 'link', 'add', 'switch', 'type', 'bridge')
      await hub.run('ip', 'address', 'add', `${network.address}/24`, 'dev', 'switch')
      await hub.run('ip', 'link', 'set', 'switch', 'up')
      return network
    } catch (error) {
      await network[Symbol.asyncDispose]()
      throw error
    }
  }

  /** A process beside the switch. */
  get pid(): number {
    return this.#hub.pid
  }

  async add(): Promise<Machine> {
    const machine = await Namespace.make()
    const n = this.#machines.push(machine)
    const port = `port${n}`
    await this.#hub.run('ip', 'link', 'add', port, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(machine.pid))
    await machine.run('ip', 'address', 'add', `10.0.0.${1 + n}/24`, 'dev', 'eth0')
    await machine.run('ip', 'link', 'set', 'eth0', 'up')
    const set = (state: 'up' | 'down') => this.#hub.run('ip', 'link', 'set', port, state)
    await this.#hub.run('ip', 'link', 'set', port, 'master', 'switch')
    await set('up')
    return { pid: machine.pid, cutOff: () => set('down'), rejoin: () => set('up') }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const machine of this.#machines) await machine[Symbol.asyncDispose]()
    await this.#hub[Symbol.asyncDispose]()
  }
}
