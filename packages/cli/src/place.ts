import type { Store } from '@potoroo/queue'

/** A place for queues, as an argument names it: there may be a store in it or not. */
export interface Place {
  /** What it is called in messages: there is nothing secret in it. */
  readonly title: string
  isSame(other: Place): boolean
  /** The store in it, made with the first queue that is opened if there is none. */
  open(): Store
  /**
   * As {@link open}, for a store that must be there: to look into one must not make one.
   *
   * @throws CommandError ERR_STORE_NOT_FOUND
   */
  openExisting(): Promise<Store>
}
