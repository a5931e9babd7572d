import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const require = createRequire(new URL('./peers/package.json', import.meta.url))

/** A peer's module: they are installed in a place of their own, so that nobody needs them who does not compare. */
export function peer<T>(name: string): Promise<T> {
  return import(pathToFileURL(require.resolve(name)).href) as Promise<T>
}

export function peerVersion(name: string): string {
  return (require(`${name}/package.json`) as { version: string }).version
}
