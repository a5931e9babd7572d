import type { DurableJob } from '@potoroo/queue'
import { type Clock, Deferred } from 'potoroo'
import type { Held } from './held.ts'

/**
 * Waits until a job is over, however it ends, until `ms` have passed, the client has gone, or the server closes. Leaves nothing
 * behind: the watching is cancelled whatever ended the waiting.
 */
export async function waitUntilOver(job: DurableJob, ms: number, gone: AbortSignal, held: Held, clock: Clock): Promise<void> {
  const over = new Deferred()
  const end = (): void => {
    if (!over.called) over.callback()
  }
  const release = held.add(end)
  const timer = clock.setTimeout(end, ms)
  gone.addEventListener('abort', end)
  if (gone.aborted) end()
  // A job that failed or was cancelled fails the watching, and so does a queue that stops: either way, look again.
  const watching = job.watch().addBoth(end)
  try {
    await over
  } finally {
    watching.cancel()
    gone.removeEventListener('abort', end)
    clock.clearTimeout(timer)
    release()
  }
}
