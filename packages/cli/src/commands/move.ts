import { type MoveProgress, moveQueue } from '@potoroo/queue'
import { CommandError, UsageError } from '../command-error.ts'
import { findPlace } from '../find-place.ts'
import type { AddCommand, Context } from '../run-command.ts'

interface MoveFlags {
  readonly queue?: string[]
}

/** potoroo move FROM TO [--queue NAME…] [--json] */
export const addMove: AddCommand = (program, context) => {
  program
    .command('move')
    .summary('move queues to another store')
    .description(
      'Moves queues to another store, with all their jobs and settings, while they are in use or not. Interrupted, ' +
        'it has lost nothing: run it again, and it goes on where it was.',
    )
    .argument('<from>', 'the store that they are in: a file, or postgres://user:password@host/database')
    .argument('<to>', 'the store that they are to be in: the same; it is made if there is none')
    .option('--queue <name...>', 'which queues (default: all)')
    .option('--json', 'print JSON, and no progress')
    .action((from: string, to: string, { queue }: MoveFlags) => move(from, to, queue, context))
}

async function move(from: string, to: string, wanted: string[] | undefined, { output, interruption }: Context): Promise<void> {
  const [before, after] = [findPlace(from), findPlace(to)]
  if (before.isSame(after)) {
    throw new UsageError('ERR_SAME_STORE', `${before.title} and ${after.title} are one store; name another one to move to`)
  }
  const source = await before.openExisting()
  const target = after.open()
  const names = wanted ?? (await source.queues())
  if (names.length === 0) throw new CommandError('ERR_QUEUE_NOT_FOUND', `There are no queues in ${before.title}`)
  const moved: { queue: string; jobs: number }[] = []
  for (const name of names) {
    const moving = moveQueue(source, target, name, { onProgress: (progress) => show(progress, output) })
    moved.push({ queue: name, jobs: (await moving.cancelOn(interruption.signal)).moved })
    output.end()
  }
  output.result(sentence(moved, after.title), { moved })
}

function show({ queue, moved, remaining, underway }: MoveProgress, output: Context['output']): void {
  output.progress(queue, moved, moved + remaining, underway === 0 ? '' : `, ${underway} still underway in the old store`)
}

function sentence(moved: readonly { readonly queue: string; readonly jobs: number }[], to: string): string {
  return moved.map(({ queue, jobs }) => `${queue}: ${jobs === 1 ? '1 job is' : `${jobs} jobs are`} in ${to}.`).join('\n')
}
