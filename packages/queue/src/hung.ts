import { PotorooError } from 'potoroo'
import type { Held } from './held.ts'

/** Milliseconds after which a handler that says nothing is taken to hang. */
const TOO_LONG = 10 * 60_000

/**
 * Looks at a job's handler, `elapsed` ms after the last look. Gives a warning, once for each silence, if it has neither ended nor
 * reported nor logged anything for ten minutes: nobody else would say that a place is taken for good. Looks are counted, and not
 * the time read, for a clock that is set forward is no sign of a handler that hangs.
 */
export function lookAt(held: Held, elapsed: number): PotorooError | undefined {
  const before = held.silentFor
  held.silentFor += elapsed
  if (held.ended || before >= TOO_LONG || held.silentFor < TOO_LONG) return undefined
  const what = held.settled ? 'It was cancelled, late or taken away, and goes on: let it heed job.signal' : cure(held)
  const message = `The handler of job ${held.job.id}, attempt ${held.job.attempt}, has said nothing for ten minutes, and keeps its place. ${what}`
  return new PotorooError('ERR_HANDLER_HUNG', message)
}

function cure({ job }: Held): string {
  const rest = 'let it report or log that it is alive'
  return job.timeout === null ? `Give its queue, or the job, a timeout; or ${rest}` : `If it takes that long, ${rest}`
}
