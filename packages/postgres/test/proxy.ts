import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** What becomes of a message on its way: it is passed on, or the connection is cut instead. */
export type Fate = 'pass' | 'cut'

/** A way to a server that can be cut, or go dead without a word. */
export class Proxy implements AsyncDisposable {
  /** Decides about each piece that a program sends. */
  onQuery: (text: string) => Fate = () => 'pass'
  /** Decides about each piece that the server answers, knowing what was sent last on that line. */
  onAnswer: (text: string, query: string) => Fate = () => 'pass'
  /** Of the server that new connections go to. */
  port: number
  readonly #server: Server
  readonly #pairs = new Set<readonly [Socket, Socket]>()
  #silent = false

  private constructor(port: number) {
    this.port = port
    this.#server = createServer((client) => {
      const upstream = connect(this.port, '127.0.0.1')
      const pair = [client, upstream] as const
      this.#pairs.add(pair)
      const end = (): void => {
        this.#pairs.delete(pair)
        for (const socket of pair) socket.destroy()
      }
      let query = ''
      const pipe = (from: Socket, to: Socket, judge: (text: string) => Fate): void => {
        from.on('data', (data) => {
          // As a cable that was pulled: nobody is told.
          if (this.#silent) return
          if (judge(data.toString('latin1')) === 'cut') end()
          else to.write(data)
        })
        from.on('close', () => {
          if (!this.#silent) end()
        })
        from.on('error', () => {})
      }
      pipe(client, upstream, (text) => this.onQuery((query = text)))
      pipe(upstream, client, (text) => this.onAnswer(text, query))
    })
  }

  static async to(port: number): Promise<Proxy> {
    const proxy = new Proxy(port)
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  get url(): string {
    return `postgres://postgres@127.0.0.1:${(this.#server.address() as AddressInfo).port}/postgres`
  }

  /** Cuts every connection. */
  cut(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy()
  }

  /** Nothing arrives any more, in either direction, and nobody is told. New connections are no better. */
  goSilent(): void {
    this.#silent = true
  }

  /** New connections work; those that were silent stay so. */
  recover(): void {
    this.cut()
    this.#silent = false
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#silent = false
    this.cut()
    this.#server.close()
    await once(this.#server, 'close')
  }
}
