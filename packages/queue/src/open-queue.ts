import { backoff, type Deferred, maybeDeferred, systemClock } from 'potoroo'
import type { DurableQueue, QueueOptions } from './api.ts'
import { checkQueueOptions, checkRate } from './checks.ts'
import { declareOpen } from './declarations.ts'
import { QueueMoved, toJobError } from './errors.ts'
import { Queue } from './queue.ts'
import type { Declared, News, Retention } from './store.ts'
import { clockOf } from './wall-clock.ts'

/** Two hundredths of a rate's window: 20 ms of a second. */
const JITTER = 0.02
const DAY = 24 * 60 * 60 * 1000
const KEEP: Retention = { finished: 7 * DAY, failed: 30 * DAY }
const RETRY_DELAYS = { now: false, initialDelay: 1000, maxDelay: 60_000, jitter: 'full' } as const

/**
 * Opens a queue in a store: made if there is none of this name. With a handler, this process takes jobs from it and runs
 * them; without, it puts jobs and looks at them.
 *
 * Fires with the queue once it is open and has taken back the jobs of a predecessor that died.
 * Fails with a coded `TypeError` or `RangeError` for wrong options (ERR_DECLARED_OTHERWISE: it is open in this process with
 * another width or rate declared), with StoreError if the store cannot be opened, and with QueueMoved if the queue has moved to
 * another store.
 *
 * @example
 * const queue = await openQueue({
 *   name: 'greetings',
 *   store: memoryStore(),
 *   handler: (name: string) => `Hello ${name}`,
 *   width: 2,
 * })
 * const job = await queue.put('Ada')
 * const { result } = await job.watch() // result is 'Hello Ada'
 * await queue.stop()
 */
export function openQueue<A, R = unknown>(options: QueueOptions<A, R>): Deferred<DurableQueue<A, R>> {
  return maybeDeferred(() => {
    checkQueueOptions(options)
    const { name, store, width, rate } = options
    const declared: Declared = {
      ...(width === undefined ? {} : { width }),
      ...(rate === undefined ? {} : { rate: checkRate(rate) }),
    }
    const release = declareOpen(store, name, declared)
    // What is committed before the queue is there to hear it is in what it reads when it starts.
    let queue: Queue<A, R> | undefined
    return store
      .open(
        name,
        declared,
        (news: News) => queue?.hear(news),
        () => queue?.waits ?? false,
      )
      .addCallback((opened) => {
        if (opened.settings.move?.state !== 'left') return opened
        // Whoever went on here would put nothing, and wait for jobs for ever.
        return opened.close().addCallback(() => {
          throw new QueueMoved(name)
        })
      })
      .addErrback((failure) => {
        release()
        return failure
      })
      .addCallback((opened) => {
        queue = new Queue<A, R>(opened, {
          ...options,
          clock: clockOf(opened, options.clock),
          // Where time is held in somebody's hands, nothing jitters.
          jitter: options.clock === undefined || options.clock === systemClock ? JITTER : 0,
          lease: options.lease ?? 30_000,
          size: options.size ?? Infinity,
          keep: { finished: options.keep?.finished ?? KEEP.finished, failed: options.keep?.failed ?? KEEP.failed },
          retry: {
            maxAttempts: options.retry?.maxAttempts ?? 5,
            backoff: options.retry?.backoff ?? backoff(RETRY_DELAYS),
          },
          onWarning: options.onWarning === undefined ? warn : safely(options.onWarning),
          onClosed: release,
        })
        return queue.start()
      })
  }) as Deferred<DurableQueue<A, R>>
}

/** What listens to warnings must not be able to stop what they are about. */
function safely(onWarning: (error: Error) => void): (error: Error) => void {
  return (error) => {
    try {
      onWarning(error)
    } catch (thrown) {
      warn(error)
      warn(new Error(`onWarning threw: ${toJobError(thrown).message}`, { cause: thrown }))
    }
  }
}

function warn(error: Error): void {
  process.emitWarning(error.message, 'PotorooWarning')
}
