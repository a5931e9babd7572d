import { Command, CommanderError } from 'commander'
import { isCancelled } from 'potoroo'
import { CommandError, STATUS } from './command-error.ts'
import { addMove } from './commands/move.ts'
import { Interruption } from './interruption.ts'
import { Output, USAGE } from './output.ts'

/** What a command is given besides its arguments. */
export interface Context {
  readonly output: Output
  readonly interruption: Interruption
}

/** Adds one command to the program. */
export type AddCommand = (program: Command, context: Context) => void

/** Each in a file of its own. */
const COMMANDS: readonly AddCommand[] = [addMove]

/** Runs a command line, without the name of the program; gives the exit status. */
export async function runCommand(args: readonly string[]): Promise<number> {
  const output = new Output(args.includes('--json'))
  const interruption = new Interruption()
  const program = new Command('potoroo')
    .description('Durable queues: on one file, or on several machines.')
    // Said below, with the others'.
    .configureOutput({ writeErr: () => undefined })
    .exitOverride()
  for (const add of COMMANDS) add(program, { output, interruption })
  try {
    await program.parseAsync(args, { from: 'user' })
    return STATUS.done
  } catch (error) {
    return report(error, program, output)
  } finally {
    output.end()
    interruption.end()
  }
}

function report(error: unknown, program: Command, output: Output): number {
  if (error instanceof CommanderError) {
    // Help that was asked for has been printed.
    if (error.exitCode === 0) return STATUS.done
    if (error.code === 'commander.help') output.fail(USAGE, `What is to be done?\n\n${program.helpInformation().trimEnd()}`)
    // A URL where a word is missing before it is repeated up to where its password may be.
    else output.fail(USAGE, `${error.message.replace(/^error: /, '').replace(/(postgres(?:ql)?:).*/is, '$1…')}\nTry: potoroo --help`)
    return STATUS.usage
  }
  if (error instanceof CommandError) {
    output.fail(error.code, error.message)
    return error.status
  }
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown }
  if (isCancelled(error)) output.fail('ERR_INTERRUPTED', 'Interrupted. Nothing is lost; run the same command again to go on')
  else output.fail(typeof code === 'string' ? code : 'ERR_INTERNAL', typeof message === 'string' ? message : String(error))
  return STATUS.failed
}
