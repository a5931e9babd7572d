// The process: reads the settings, starts the service, and stops it when told to.
import { StoreError } from '@potoroo/queue'
import { createLog } from './log.ts'
import { readSettings, SettingsError } from './settings.ts'
import { stopOnSignals } from './signals.ts'
import { start } from './start.ts'
import { StartError } from './start-error.ts'

const log = createLog()

// Whoever read what is printed may be gone; messages are sent all the same.
process.stdout.on('error', () => {})

// Nobody knows what still works then. The next start takes up what this process had underway.
process.on('uncaughtException', (err) => {
  log.fatal({ err }, 'An error that nobody handled: this process ends')
  process.exit(1)
})

try {
  const starting = start(readSettings(process.env), log)
  stopOnSignals(async () => (await starting).stop())
  await starting
} catch (error) {
  if (error instanceof SettingsError) {
    process.stderr.write(`These settings are wrong:\n${error.problems.map((problem) => `  ${problem}\n`).join('')}`)
    process.exit(2)
  }
  if (!(error instanceof StartError || error instanceof StoreError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exit(1)
}
