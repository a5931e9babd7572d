// An avatar from whichever layer has it first (memory, files, the network, say), all asked at once. A faster layer that
// had none is filled from the slower one's answer. It is an error only if all fail.
import { type Awaitable, Deferred, DeferredListObserver, type Failure, FailureGroup, type Indexed, maybeDeferred } from 'potoroo'

export interface Layer {
  get(user: string): Awaitable<string>
  put?(user: string, avatar: string): void
}

/** @param layers the fastest first; one that has no avatar fails */
export function avatar(user: string, layers: readonly Layer[]): Deferred<string> {
  const answer = new Deferred<string>()
  const missed: Failure[] = []
  let found: Indexed<string> | undefined
  const observer = new DeferredListObserver<string>()
  observer.observe((firing) => {
    if (!firing.success) missed[firing.index] = firing.failure
    else if (found === undefined) answer.callback((found = firing).value)
    if (found !== undefined) {
      for (const index of missed.keys()) {
        if (missed[index] !== undefined && index < found.index) layers[index]?.put?.(user, found.value)
        delete missed[index]
      }
    } else if (observer.failureCount === layers.length) answer.errback(new FailureGroup(missed))
  })
  for (const layer of layers) observer.append(maybeDeferred(() => layer.get(user))).addErrback(() => {})
  return answer
}
