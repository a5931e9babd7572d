import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { run } from './run.mjs'
import { Problem, say } from './say.mjs'

/**
 * A program that tests need, and npm does not have.
 *
 * @typedef {object} Tool
 * @property {string} name
 * @property {string} variable the environment variable that names the program, if it is to be another one than `find` finds
 * @property {string} debian its package
 * @property {string} tests those that are skipped without it
 * @property {() => string | undefined} find
 */

/** @type {readonly Tool[]} */
const tools = [
  {
    name: 'Chromium',
    variable: 'CHROMIUM',
    debian: 'chromium',
    tests: 'the browser tests',
    find: () => ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'].map(onPath).find(isThere),
  },
  {
    name: 'Python with Twisted',
    variable: 'TWISTED_PYTHON',
    debian: 'python3-twisted',
    tests: 'the comparison with Twisted',
    // Debian's packages are for Debian's Python, which need not be the first on the PATH.
    find: () => [onPath('python3'), '/usr/bin/python3'].filter(isThere).find(hasTwisted),
  },
  {
    name: 'PgBouncer',
    variable: 'PGBOUNCER',
    debian: 'pgbouncer',
    tests: 'the tests behind a pooler',
    // Where daemons are, which is on the PATH of root alone.
    find: () => [onPath('pgbouncer'), '/usr/sbin/pgbouncer'].find(isThere),
  },
  {
    name: 'ip',
    variable: 'IP',
    debian: 'iproute2',
    tests: 'the test with a network of several machines',
    find: () => [onPath('ip'), '/usr/sbin/ip', '/sbin/ip'].find(isThere),
  },
]

/** Where the tools are, by variable; the empty text for what is not there. */
export const findTools = () => Object.fromEntries(tools.map((tool) => [tool.variable, find(tool) ?? '']))

/** Sees to it that the tools are there; where one cannot be, its tests are skipped, but never in CI. */
export async function provideTools() {
  for (const { variable } of tools) {
    const named = process.env[variable]
    if (named && !isProgram(onPath(named) ?? named)) throw new Problem(`${variable}=${named} is not a program.`)
  }
  const missing = tools.filter((tool) => !find(tool))
  if (missing.length === 0) return
  await installFromDebian(missing)
  for (const tool of missing.filter((one) => !find(one))) {
    const cure = `Install it, or name it in ${tool.variable}.`
    if (process.env.CI) throw new Problem(`no ${tool.name}, and in CI no test is skipped. ${cure}`)
    say(`>>> NO ${tool.name.toUpperCase()}: ${tool.tests.toUpperCase()} WILL BE SKIPPED. ${cure} <<<`)
  }
}

/** @param {Tool} tool */
const find = ({ variable, find }) => process.env[variable] || find()

/** @param {readonly Tool[]} missing */
async function installFromDebian(missing) {
  const apt = onPath('apt-get')
  if (!apt || process.getuid?.() !== 0) return
  const names = missing.map(({ name }) => name).join(', ')
  say(`installing ${names} for the tests, with apt-get (a minute at most, the first time only)…`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  // Other checkouts may be at the same.
  const quietly = (/** @type {string[]} */ ...args) => run(apt, ['-o', 'DPkg::Lock::Timeout=300', ...args], { quiet: true, env })
  await quietly('update')
  await quietly('install', '--yes', '--no-install-recommends', ...missing.map(({ debian }) => debian))
}

/** @param {string} python */
const hasTwisted = (python) => spawnSync(python, ['-c', 'from twisted.internet import defer']).status === 0

/** @param {string} name */
const onPath = (name) => (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, name)).find(isProgram)

/**
 * @param {string | undefined} path
 * @returns {path is string}
 */
const isThere = (path) => path !== undefined && isProgram(path)

/** @param {string} path */
function isProgram(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
