import { gzipSync } from 'node:zlib'
import { fileURLToPath } from 'node:url'
import type { Row } from './measure.ts'
import { peer } from './peers.ts'

/** What of esbuild is used here. */
interface Bundler {
  build(options: {
    stdin: { contents: string; resolveDir: string }
    bundle: true
    minify: true
    format: 'esm'
    platform: 'browser'
    write: false
  }): Promise<{ outputFiles: [{ contents: Uint8Array }] }>
}

const here = fileURLToPath(new URL('.', import.meta.url))
const peers = fileURLToPath(new URL('./peers', import.meta.url))

/** What a page would load for each use: bundled, minified, compressed. */
export async function rows(): Promise<Row[]> {
  const { build } = await peer<Bundler>('esbuild')
  const size = async (contents: string, resolveDir: string): Promise<number> => {
    const { outputFiles } = await build({ stdin: { contents, resolveDir }, bundle: true, minify: true, format: 'esm', platform: 'browser', write: false })
    return gzipSync(outputFiles[0].contents, { level: 9 }).length / 1_000
  }
  const row = async (what: string, contents: string, limit: number, others: readonly string[] = []): Promise<Row> => {
    const ours = await size(contents, here)
    const named = others.map(async (name) => ({ name, value: await size(`export { default } from '${name}'`, peers) }))
    return { what, unit: 'kB', ours, peers: await Promise.all(named), target: `≤ ${limit} kB`, met: ours <= limit }
  }
  return [
    await row('Core, whole, minified and compressed', "export * from 'potoroo'", 12),
    await row('Of it the Deferred alone', "export { Deferred } from 'potoroo'", 3),
    await row('Of it the dispatch queue, with the Deferred', "export { ResizableDispatchQueue } from 'potoroo'", 6, ['p-queue']),
  ]
}
