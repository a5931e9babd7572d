import type { StoredHistory } from './history.ts'
import type { Arrival, Departed, Departure } from './moving.ts'
import type { JobRecord } from './record.ts'
import type {
  Change,
  Declared,
  Exchange,
  Exchanged,
  Facts,
  JobList,
  ListOptions,
  NewJob,
  Put,
  QueueSettings,
  QueueStatus,
  Retention,
  SettingsPatch,
  Worker,
} from './store.ts'

/** What an {@link Engine} notes while it works, for those who listen to a queue. */
export interface Notes {
  readonly jobs: JobRecord[]
  settings: QueueSettings | null
  foreign: boolean
  missed: boolean
  /** Set by the store: whether to note jobs that other processes have finished or failed. */
  waits: boolean
}

/**
 * A store's engine that answers at once: a database in this process. Its operations are those of a {@link QueueStore};
 * they throw instead of failing, and must do so before they change anything, unless it is the whole transaction that
 * cannot be done.
 */
export interface Engine {
  /** Runs `work` in one transaction, which is committed when this returns; rolled back and thrown on when it throws. */
  transaction(work: () => void): void
  /** The queue of this name: the same object as long as it is open. */
  openQueue(queue: string, declared: Declared): EngineQueue
  closeQueue(queue: EngineQueue): void
  /** The names of all that there are. */
  queues(): string[]
  close(): void
}

export interface EngineQueue {
  readonly settings: QueueSettings
  /** What is to be told after the commit; emptied then. */
  readonly notes: Notes
  put(jobs: readonly NewJob[], options: { readonly size: number; readonly now: number }): Put[]
  exchange(exchange: Exchange): Exchanged
  renew(worker: Worker, now: number): boolean
  retire(worker: Worker, now: number): void
  recover(now: () => number, elapsed: number, looker: string): number
  change(id: string, change: Change, now: number): JobRecord
  clear(limit: number, now: number): number
  update(patch: SettingsPatch): QueueStatus
  job(id: string): JobRecord | undefined
  history(id: string): StoredHistory | undefined
  list(options: ListOptions): JobList
  status(): QueueStatus
  facts(id: string, now: number): Facts | undefined
  prune(retention: Retention, now: number): number
  depart(step: Departure): Departed
  arrive(step: Arrival): QueueStatus
}
