import type { EventEmitter } from 'node:events'
import { constants } from 'node:os'
import { type Clock, systemClock } from 'potoroo'

/**
 * A terminal sends Ctrl-C to everybody in it, and npm passes on what it gets: one wish to stop may come as two signals at
 * once. A second wish comes later than this, in milliseconds.
 */
const SAME_WISH = 1_000

/** Where signals come from, and how the process ends. */
export interface SignalledProcess extends Pick<EventEmitter, 'on'> {
  exit(status: number): void
}

/**
 * Stops cleanly on the first SIGTERM or SIGINT, and exits with 0; on a second one, at once, with the status that a shell
 * gives to a process ended by that signal.
 */
export function stopOnSignals(
  stop: () => Promise<void>,
  signalled: SignalledProcess = process,
  clock: Clock = systemClock,
): void {
  let since: number | undefined
  const onSignal = (signal: 'SIGTERM' | 'SIGINT'): void => {
    if (since === undefined) {
      since = clock.now()
      void stop().then(() => signalled.exit(0))
    } else if (clock.now() - since > SAME_WISH) {
      signalled.exit(128 + constants.signals[signal])
    }
  }
  signalled.on('SIGTERM', onSignal)
  signalled.on('SIGINT', onSignal)
}
