import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { extname } from 'node:path'

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/** As written, and as compiled: both from `src` and from `dist`, one folder up is the service's own. */
const FOLDERS = [new URL('../web/', import.meta.url), new URL('../dist/web/', import.meta.url)]

interface Page {
  readonly content: string
  readonly type: string
  readonly etag: string
}

/** The files that browsers get: all in memory, revalidated by their contents at each use. */
export class Pages {
  readonly #pages = new Map<string, Page>()

  /** @param values what stands for `{{name}}` in the HTML files; must not hold HTML */
  constructor(values: Readonly<Record<string, string>>) {
    for (const folder of FOLDERS) {
      for (const name of readdirSync(folder)) {
        const type = TYPES[extname(name)]
        if (type === undefined) continue
        const text = readFileSync(new URL(name, folder), 'utf8')
        const content = extname(name) === '.html' ? text.replaceAll(/\{\{(\w+)\}\}/g, (_, key) => values[key] ?? '') : text
        const etag = `"${createHash('sha256').update(content).digest('base64url').slice(0, 27)}"`
        this.#pages.set(name, { content, type, etag })
      }
    }
  }

  /** The answer to a request for this file, or undefined if there is none. */
  answer(name: string, request: Request): Response | undefined {
    const page = this.#pages.get(name)
    if (page === undefined) return undefined
    const headers = { 'content-type': page.type, etag: page.etag, 'cache-control': 'no-cache' }
    const known = request.headers.get('if-none-match')?.split(/\s*,\s*/) ?? []
    return known.some((tag) => tag.replace(/^W\//, '') === page.etag)
      ? new Response(null, { status: 304, headers })
      : new Response(page.content, { headers })
  }
}
