import type { Queue } from '@potoroo/protocol'

export interface Listeners {
  readonly onQueue: (queue: Queue) => void
  readonly onJob: () => void
  /** Something was missed: what is shown has to be read again. */
  readonly onReset: () => void
  readonly onConnection: (connected: boolean) => void
}

/** Milliseconds until a stream that the browser has given up on is opened anew. */
const AGAIN = 3_000

/** Follows the service's events for good; the browser resumes a broken stream where it broke. */
export function followEvents(listeners: Listeners): void {
  const { onQueue, onJob, onReset, onConnection } = listeners
  const source = new EventSource('/api/events')
  source.addEventListener('queue', ({ data }: MessageEvent<string>) => {
    const queue = JSON.parse(data) as Queue
    if (queue.name === 'sms') onQueue(queue)
  })
  source.addEventListener('job', onJob)
  source.addEventListener('reset', onReset)
  source.addEventListener('open', () => onConnection(true))
  source.addEventListener('error', () => {
    onConnection(false)
    // Refused, while the service was stopping say: then the browser does not try again by itself.
    if (source.readyState === EventSource.CLOSED) {
      setTimeout(() => {
        followEvents(listeners)
        onReset()
      }, AGAIN)
    }
  })
}
