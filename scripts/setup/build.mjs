import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { pinnedNode } from './install.mjs'
import { root, workspaces } from './repository.mjs'
import { run } from './run.mjs'
import { Problem, say } from './say.mjs'

/** Compiles what has changed. */
export async function build() {
  const has = (/** @type {string} */ folder, /** @type {string} */ name) => existsSync(join(root, folder, name))
  const unbuilt = workspaces().filter((folder) => has(folder, 'tsconfig.json') && !has(folder, 'dist'))
  if (unbuilt.length > 0) say('building…')
  // TypeScript takes its own notes for proof that the output is there, even after `rm -rf dist`.
  for (const folder of unbuilt) rmSync(join(root, folder, 'tsconfig.tsbuildinfo'), { force: true })

  const built = await run(pinnedNode, ['node_modules/typescript/bin/tsc', '-b', 'tsconfig.json'])
  if (!built) throw new Problem('the build failed, as shown above.')
}
