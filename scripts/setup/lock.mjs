import { mkdirSync, rmdirSync, rmSync, statSync, utimes } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { root } from './repository.mjs'
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
  const heart = setInterval(() => utimes(lock, new Date(), new Date(), () => {}), beat)
  try {
    await work()
  } finally {
    clearInterval(heart)
    rmSync(lock, { recursive: true, force: true })
  }
}

function taken() {
  try {
    mkdirSync(lock)
    return true
  } catch (error) {
    // Where we may not write (an image made by root, run by somebody else), nobody writes: there is nothing to guard.
    if (code(error) === 'EACCES' || code(error) === 'EROFS') return true
    if (code(error) !== 'EEXIST') throw error
    passOverTheDead()
    return false
  }
}

function passOverTheDead() {
  try {
    if (Date.now() - statSync(lock).mtimeMs > stale) rmdirSync(lock)
  } catch (error) {
    if (code(error) !== 'ENOENT') throw error // gone: its holder let go in between
  }
}

const code = (/** @type {unknown} */ error) => /** @type {NodeJS.ErrnoException} */ (error).code
