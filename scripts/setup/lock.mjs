import { mkdirSync, rmdirSync, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { root } from './run.mjs'
import { say } from './say.mjs'

// A directory, because making one either succeeds or says that somebody was first; an empty one, because git doesn't see
// those; and not in node_modules, which `npm ci` empties.
const lock = join(root, '.setup.lock')
const beat = 1_000
const stale = 10 * beat

/**
 * Does `work` while no other run does, on this checkout. The holder touches the lock every second; one that was killed
 * stops doing so, and is then passed over. (Process ids would tell sooner, but they are used again, and mean nothing
 * across containers that share a checkout.)
 *
 * @param {() => Promise<void>} work
 */
export async function underLock(work) {
  for (let told = false; !taken(); told = true) {
    if (!told) say('waiting for another setup of this checkout to finish…')
    await sleep(beat / 5)
  }
  const heart = setInterval(() => utimesSync(lock, new Date(), new Date()), beat)
  try {
    await work()
  } finally {
    clearInterval(heart)
    rmdirSync(lock)
  }
}

function taken() {
  try {
    mkdirSync(lock)
    return true
  } catch (error) {
    if (code(error) !== 'EEXIST') throw error
    passOverTheDead()
    return false
  }
}

function passOverTheDead() {
  try {
    if (Date.now() - statSync(lock).mtimeMs > stale) rmdirSync(lock)
  } catch (error) {
    if (code(error) !== 'ENOENT') throw error // otherwise: let go in between
  }
}

const code = (/** @type {unknown} */ error) => /** @type {NodeJS.ErrnoException} */ (error).code
