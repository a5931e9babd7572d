import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { run } from './run.mjs'
import { Problem, say } from './say.mjs'

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/** The browser that the tests drive: the one that CHROMIUM names, or the first on the PATH. */
export const findChromium = () => process.env.CHROMIUM || names.map(onPath).find((path) => path !== undefined)

/** Sees to it that there is a Chromium; where there can be none, the browser tests are skipped, but never in CI. */
export async function provideChromium() {
  if (process.env.CHROMIUM && !isProgram(process.env.CHROMIUM))
    throw new Problem(`CHROMIUM=${process.env.CHROMIUM} is not a program.`)
  if (findChromium()) return
  await installChromium()
  if (findChromium()) return
  const cure = 'Install it, or name it in CHROMIUM.'
  if (process.env.CI) throw new Problem(`no Chromium, and in CI no test is skipped. ${cure}`)
  say(`>>> NO CHROMIUM: THE BROWSER TESTS WILL BE SKIPPED. ${cure} <<<`)
}

async function installChromium() {
  const apt = onPath('apt-get')
  if (!apt || process.getuid?.() !== 0) return
  say('installing Chromium for the browser tests, with apt-get (about a minute, the first time only)…')
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const quiet = true
  await run(apt, ['update'], { quiet, env })
  await run(apt, ['install', '--yes', '--no-install-recommends', 'chromium'], { quiet, env })
}

/** @param {string} name */
const onPath = (name) => (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, name)).find(isProgram)

/** @param {string} path */
function isProgram(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
