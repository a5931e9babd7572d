// Run by npm before `start`, `test`, `check`, `build` and `bench`, so that each works on a fresh clone: installs what is
// missing, then builds what has changed. Plain JavaScript without dependencies, because it has to run on the machine's
// own Node (20 or later), before anything is installed.
//
//   node scripts/setup.mjs            install and build
//   node scripts/setup.mjs test       the same, and what else the tests need: Chromium, Twisted, PgBouncer, ip
//   node scripts/setup.mjs installed  note that npm has just installed (the root's postinstall)

import { build } from './setup/build.mjs'
import { install, noteInstalled } from './setup/install.mjs'
import { underLock } from './setup/lock.mjs'
import { Problem, say } from './setup/say.mjs'
import { provideTools } from './setup/tools.mjs'

const purpose = process.argv[2]

try {
  if (purpose === 'installed') noteInstalled()
  else
    await underLock(async () => {
      await install()
      await build()
      if (purpose === 'test') await provideTools()
    })
} catch (error) {
  if (!(error instanceof Problem)) throw error
  say(error.message)
  process.exitCode = 1
}
