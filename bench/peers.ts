import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const require = createRequire(new URL('./peers/package.json', import.meta.url))

/** A peer's module: they are installed in a place of their own, so that nobody needs them who does not compare. */
export function peer<T>(name: string): Promise<T> {
  return import(pathToFileURL(require.resolve(name)).href) as Promise<T>
}

export function peerVersion(name: string): string {
  // Read, not required: a package need not export it.
  const path = new URL(`./peers/node_modules/${name}/package.json`, import.meta.url)
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version
}
