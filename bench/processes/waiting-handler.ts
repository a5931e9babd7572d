import type { QueueOptions } from '@potoroo/queue'
import type { Waits } from './two-processes.ts'

/** For the other process: says when it is called, and, if it is to wait, when its signal is aborted. */
export const waitingHandler: NonNullable<QueueOptions<Waits, unknown>['handler']> = ({ waits }, { signal }) => {
  process.send!('started')
  if (!waits) return undefined
  return new Promise<void>((resolve) =>
    signal.addEventListener('abort', () => {
      process.send!('aborted')
      resolve()
    }),
  )
}
