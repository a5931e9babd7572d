import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { DeferredQueue } from 'potoroo'

const dist = fileURLToPath(new URL('../../dist/', import.meta.url))

const page = `<!doctype html><title>Potoroo</title><link rel="icon" href="data:,">
<script type="module">
  import * as potoroo from '/potoroo/index.js'
  globalThis.potoroo = potoroo
</script>`

const worker = `import { sleep } from '/potoroo/index.js'
onmessage = ({ data }) => sleep(1, data + 1).addCallback((n) => postMessage(n))`

/** A site with the built core as modules, which hears what its pages report. */
export class Site {
  /** What was posted to /report. */
  readonly reports = new DeferredQueue<string>()
  /** The requests for /endless, which gets no answer: `closed` fires when the page lets go of one. */
  readonly endless = new DeferredQueue<{ readonly closed: Promise<unknown> }>()
  readonly #server = createServer((request, response) => void this.#answer(request, response))

  static async open(): Promise<Site> {
    const site = new Site()
    site.#server.listen(0, '127.0.0.1')
    await once(site.#server, 'listening')
    return site
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', this.url)
    const send = (type: string, body: string | Buffer): void => void response.writeHead(200, { 'content-type': type, 'cache-control': 'max-age=600' }).end(body)
    if (pathname.startsWith('/potoroo/')) send('text/javascript', await readFile(dist + pathname.slice('/potoroo/'.length)))
    else if (pathname === '/worker.js') send('text/javascript', worker)
    else if (pathname === '/endless') this.endless.put({ closed: once(response, 'close') })
    else if (pathname === '/report') {
      const [text] = (await request.toArray()).map(String)
      this.reports.put(text ?? '')
      response.writeHead(204).end()
    } else send('text/html', page)
  }
}
