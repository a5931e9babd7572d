import { runCommand } from './run-command.ts'

// Not process.exit: what has been written to a pipe may still be on its way.
process.exitCode = await runCommand(process.argv.slice(2))
