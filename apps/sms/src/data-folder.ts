import { randomBytes } from 'node:crypto'
import { accessSync, chmodSync, closeSync, constants, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { explainSystemError, StartError } from './start-error.ts'

/** Only for this user. */
const OWN_FILE = 0o600
const OWN_FOLDER = 0o700

/**
 * Makes the folder of the data file if it is missing, and the file too: made here, with the right mode, it never exists for
 * anybody else, not even for a moment.
 *
 * @throws StartError if that cannot be done
 */
export function prepareDataFile(path: string): void {
  try {
    prepareFolder(path)
    closeSync(openSync(path, 'a+', OWN_FILE))
    chmodSync(path, OWN_FILE)
  } catch (error) {
    throw new StartError(`Cannot keep the data in ${path}: ${explainSystemError(error)}`)
  }
}

function prepareFolder(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: OWN_FOLDER })
  accessSync(dirname(path), constants.R_OK | constants.W_OK | constants.X_OK)
}

/**
 * The admin token that is kept beside the data file, made if there is none.
 *
 * @throws StartError if it can be neither read nor made
 */
export function keptToken(dataFile: string): string {
  const path = `${dataFile}.admin-token`
  try {
    prepareFolder(path)
    return read(path) ?? make(path)
  } catch (error) {
    throw new StartError(`Cannot keep the admin token in ${path}: ${explainSystemError(error)}`)
  }
}

function read(path: string): string | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8').trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  if (!/^[\x21-\x7e]{16,}$/.test(text)) throw new Error('it holds no token; delete it to have another one made')
  chmodSync(path, OWN_FILE) // it may have been copied here
  return text
}

/** Written whole under another name first: of two services that start at once, or one that is killed, none reads a part. */
function make(path: string): string {
  const token = randomBytes(24).toString('base64url')
  const draft = `${path}.${process.pid}`
  const file = openSync(draft, 'w', OWN_FILE)
  try {
    writeSync(file, `${token}\n`)
    fsyncSync(file)
    linkSync(draft, path)
    return token
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return readFileSync(path, 'utf8').trim() // another was first
  } finally {
    closeSync(file)
    rmSync(draft, { force: true })
  }
}
