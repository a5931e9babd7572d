import { type ChildProcess, fork } from 'node:child_process'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { backoff, type Clock, Deferred, systemClock } from 'potoroo'
import type { Simulation } from './simulated.ts'

/** Source or compiled, as this file. */
const MAIN = fileURLToPath(new URL(`./simulated-main${extname(import.meta.url)}`, import.meta.url))

/** Restarts in a row, without having got as far as listening, after which there is no point. */
const TRIES = 10

export interface SimulatedProcessOptions extends Omit<Simulation, 'random'> {
  /** Told when it has died and is being started again, and when that is given up. */
  readonly onWarning: (message: string) => void
  readonly clock?: Clock
}

/** Keeps a simulated carrier running beside this process: started again when it dies, gone when this process is. */
export class SimulatedProcess {
  readonly #options: SimulatedProcessOptions
  readonly #clock: Clock
  #child: ChildProcess | undefined
  #port = 0
  #delays: Iterator<number> = delays()
  #restart: unknown
  #stopped = false
  readonly #started = new Deferred()

  private constructor(options: SimulatedProcessOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
  }

  /** Fires once it listens. */
  static start(options: SimulatedProcessOptions): Deferred<SimulatedProcess> {
    const carrier = new SimulatedProcess(options)
    carrier.#spawn()
    return carrier.#started.addCallback(() => carrier)
  }

  /** Where it listens, or listened last. */
  get url(): URL {
    return new URL(`http://127.0.0.1:${this.#port}`)
  }

  /** Its process id, as long as it runs. */
  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** Ends it. */
  stop(): void {
    this.#stopped = true
    this.#clock.clearTimeout(this.#restart)
    if (this.#child?.connected) this.#child.disconnect()
  }

  #spawn(): void {
    const { latency, failures } = this.#options
    // Its standard output would keep a pipe open that the service's own reader waits on.
    const child = fork(MAIN, [latency, failures, this.#port].map(String), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    this.#child = child
    child.on('message', (message) => this.#listening((message as { port: number }).port))
    child.on('error', () => this.#died(child)) // it could not be started
    child.on('exit', () => this.#died(child))
  }

  #listening(port: number): void {
    this.#port = port
    this.#delays = delays()
    if (!this.#started.called) this.#started.callback()
  }

  #died(child: ChildProcess): void {
    if (this.#stopped || this.#child !== child) return
    this.#child = undefined
    const { done, value } = this.#delays.next()
    if (done) return this.#giveUp()
    this.#options.onWarning('The simulated carrier has died, and is started again')
    this.#restart = this.#clock.setTimeout(() => this.#spawn(), value)
  }

  #giveUp(): void {
    const message = `The simulated carrier could not be started: it died ${TRIES} times in a row`
    if (this.#started.called) this.#options.onWarning(message)
    else this.#started.errback(new Error(message))
  }
}

const delays = (): Iterator<number> => backoff({ tries: TRIES - 1, initialDelay: 50, maxDelay: 2_000 })[Symbol.iterator]()
