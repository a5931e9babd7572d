import type { Deferred } from '../deferred/deferred.ts'
import { Failure } from '../deferred/failure.ts'
import { HANDLE } from '../deferred/tap.ts'
import { Combination } from './combine.ts'
import { Feed } from './feed.ts'
import { membersOf } from './members.ts'
import { tell } from './tell.ts'
import type { Items, ValueOf } from './types.ts'

/** Something that happened to one member. */
export type StreamEvent<T> =
  | { readonly index: number; readonly type: 'callback'; readonly value: T }
  | { readonly index: number; readonly type: 'errback'; readonly value: Failure }
  | { readonly index: number; readonly type: 'progress'; readonly value: unknown }

/** What {@link eventStream} gives. */
export interface EventStream<T> extends AsyncIterable<StreamEvent<T>> {
  /** Fires when all members have. Cancelling it cancels those that have not, tells of that, and ends the stream. */
  readonly done: Deferred<void>
}

/**
 * The firings and the progress of several deferreds as one stream, in the order in which they happen; failures count as
 * handled. `onEvent` is told of each at once. Without it events wait for the first `for await`, from the start; with it,
 * as for a second loop, an iterator gets those after its making. Leaving a loop does not cancel the members.
 *
 * @param onEvent what it throws is reported as an unhandled failure
 * @throws TypeError ERR_NOT_A_LIST if `items` is no iterable, or a deferred
 *
 * @example
 * const upload = new Deferred<string>()
 * const seen: unknown[] = []
 * const stream = eventStream([upload], ({ type, value }) => seen.push(type, value))
 * upload.notify('50%')
 * upload.callback('done') // seen is ['progress', '50%', 'callback', 'done']
 */
export function eventStream<T extends Items>(
  items: T,
  onEvent?: (event: StreamEvent<ValueOf<T>>) => void,
): EventStream<ValueOf<T>>
export function eventStream(items: Iterable<unknown>, onEvent?: (event: StreamEvent<unknown>) => void): EventStream<unknown> {
  const members = membersOf(items)
  const feeds = new Set<Feed<StreamEvent<unknown>>>()
  const addFeed = (): Feed<StreamEvent<unknown>> => {
    const feed: Feed<StreamEvent<unknown>> = new Feed(
      () => combination.result.called,
      () => feeds.delete(feed),
    )
    feeds.add(feed)
    return feed
  }
  const emit = (event: StreamEvent<unknown>): void => {
    if (onEvent !== undefined) tell(onEvent, event)
    for (const feed of feeds) feed.push(event)
  }
  let left = members.length
  const combination: Combination<unknown, true> = new Combination({
    handling: HANDLE,
    onFiring(firing) {
      const { index } = firing
      emit(firing.success ? { index, type: 'callback', value: firing.value } : { index, type: 'errback', value: firing.failure })
    },
    decide: () => --left === 0 || undefined,
    onProgress: (index, value) => emit({ index, type: 'progress', value }),
  })
  let first = onEvent === undefined ? addFeed() : undefined
  const done = combination.result.addBoth((result) => {
    for (const feed of feeds) feed.check()
    return result instanceof Failure ? result : undefined
  }) as Deferred<void>
  if (left === 0) combination.finish(true)
  else combination.append(members)
  return {
    done,
    [Symbol.asyncIterator]() {
      const feed = first ?? addFeed()
      first = undefined
      return feed
    },
  }
}
