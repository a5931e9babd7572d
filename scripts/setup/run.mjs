import { spawn } from 'node:child_process'
import { root } from './repository.mjs'
import { Problem } from './say.mjs'

const signals = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])

/**
 * Runs a program in the root of the repository; gives back whether it succeeded. Its output goes to stderr, or with
 * `quiet` is held back and shown only if it fails.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ quiet?: boolean, env?: NodeJS.ProcessEnv }} [options]
 */
export async function run(program, args, { quiet = false, env = process.env } = {}) {
  const output = quiet ? 'pipe' : 2
  const child = spawn(program, args, { cwd: root, env, stdio: ['ignore', output, output] })
  /** @type {Buffer[]} */
  const held = []
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data) => held.push(data))

  // A signal sent to this process alone must not leave npm installing behind our back, after the lock is gone.
  let interrupted = false
  const pass = (/** @type {NodeJS.Signals} */ signal) => {
    interrupted = true
    child.kill(signal)
  }
  for (const signal of signals) process.on(signal, pass)
  const status = await new Promise((resolve) => {
    child.on('error', (error) => {
      held.push(Buffer.from(`${error.message}\n`))
      resolve(undefined)
    })
    child.on('close', resolve)
  })
  for (const signal of signals) process.off(signal, pass)

  if (interrupted) throw new Problem('interrupted.')
  if (status !== 0) process.stderr.write(Buffer.concat(held))
  return status === 0
}
