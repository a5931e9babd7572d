import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { root, workspaces } from './repository.mjs'
import { run } from './run.mjs'
import { Problem, say } from './say.mjs'

const modules = join(root, 'node_modules')
const stamp = join(modules, '.potoroo-installed')

/** The Node that this repository runs on, whatever the machine's own is: it comes as a package. */
export const pinnedNode = join(modules, '.bin/node')

/** Brings node_modules in line with package-lock.json, unless it is already. */
export async function install() {
  const wanted = fingerprint()
  if (read(stamp) === wanted && nodeIsPinned()) return
  if (read(stamp) !== wanted) await installPackages()
  if (!nodeIsPinned()) await linkPinnedNode()
  writeFileSync(stamp, wanted)
}

/** Called after every `npm install`: what somebody installed by hand, tools included, need not be installed again. */
export function noteInstalled() {
  if (nodeIsPinned()) writeFileSync(stamp, fingerprint())
}

async function installPackages() {
  say('installing packages (about 20 s; only the first time, and when they change)…')
  // Without development dependencies, as NODE_ENV=production would have it, there is no compiler.
  const installed = await npm('ci', '--include=dev')
  if (!installed)
    throw new Problem('npm ci failed, as shown above. (After a change of dependencies, run `npm install` first.)')
}

async function linkPinnedNode() {
  say(`the pinned Node ${pinnedVersion()} is not in place: running its install script again…`)
  await npm('rebuild', 'node', '--ignore-scripts=false')
  if (!nodeIsPinned())
    throw new Problem(`${pinnedNode} is not Node ${pinnedVersion()}. Is there a build of it for this machine?`)
}

/**
 * On the machine's own Node, not on the pinned one, which npm is about to replace. Warnings are left out: they say of
 * half the tools that the machine's Node is too old, and those tools never run on it.
 *
 * @param {string[]} args
 */
function npm(...args) {
  const path = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== join(modules, '.bin'))
  return run('npm', [...args, '--loglevel=error'], { env: { ...process.env, PATH: path.join(delimiter) } })
}

const nodeIsPinned = () =>
  spawnSync(pinnedNode, ['--version'], { encoding: 'utf8' }).stdout?.trim() === `v${pinnedVersion()}`

const pinnedVersion = () => manifest('.').devDependencies.node

/** Of all that decides what is installed, and of nothing else, so that a changed script installs nothing. */
function fingerprint() {
  const kinds = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies']
  const fields = ['name', 'version', 'bin', ...kinds]
  const manifests = ['.', ...workspaces()].map((folder) => fields.map((field) => manifest(folder)[field]))
  return createHash('sha256')
    .update(read(join(root, 'package-lock.json')) ?? '')
    .update(JSON.stringify(manifests))
    .digest('hex')
}

const manifest = (/** @type {string} */ folder) => JSON.parse(read(join(root, folder, 'package.json')) ?? '{}')

/** @param {string} path */
function read(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined // not there
  }
}
