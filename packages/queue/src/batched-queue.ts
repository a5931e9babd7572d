import { type Deferred, fail, succeed } from 'potoroo'
import type { EngineQueue } from './engine.ts'
import { StoreError } from './errors.ts'
import type { StoredHistory } from './history.ts'
import type { Arrival, Departed, Departure } from './moving.ts'
import type { JobRecord } from './record.ts'
import type {
  Change,
  Exchange,
  Exchanged,
  Facts,
  JobList,
  ListOptions,
  NewJob,
  Put,
  QueueSettings,
  QueueStatus,
  QueueStore,
  Retention,
  SettingsPatch,
  Worker,
} from './store.ts'

/** One queue of a {@link BatchedStore}: each operation takes its turn in the store's next transaction. */
export class BatchedQueue implements QueueStore {
  readonly #queue: EngineQueue
  readonly #enqueue: <T>(run: () => T) => Deferred<T>
  readonly #leave: () => void
  #closed = false

  constructor(queue: EngineQueue, enqueue: <T>(run: () => T) => Deferred<T>, leave: () => void) {
    this.#queue = queue
    this.#enqueue = (run) => (this.#closed ? fail(new StoreError('ERR_STORE_CLOSED', 'This queue was closed; open it again')) : enqueue(run))
    this.#leave = leave
  }

  get settings(): QueueSettings {
    return this.#queue.settings
  }
  put(jobs: readonly NewJob[], options: { readonly size: number; readonly now: number }): Deferred<Put[]> {
    return this.#enqueue(() => this.#queue.put(jobs, options))
  }
  exchange(make: () => Exchange): Deferred<Exchanged> {
    return this.#enqueue(() => this.#queue.exchange(make()))
  }
  renew(worker: Worker, now: number): Deferred<boolean> {
    return this.#enqueue(() => this.#queue.renew(worker, now))
  }
  retire(worker: Worker, now: number): Deferred<void> {
    return this.#enqueue(() => this.#queue.retire(worker, now))
  }
  recover(now: () => number, elapsed: number, looker: string): Deferred<number> {
    return this.#enqueue(() => this.#queue.recover(now, elapsed, looker))
  }
  change(id: string, change: Change, now: number): Deferred<JobRecord> {
    return this.#enqueue(() => this.#queue.change(id, change, now))
  }
  clear(limit: number, now: number): Deferred<number> {
    return this.#enqueue(() => this.#queue.clear(limit, now))
  }
  update(patch: SettingsPatch): Deferred<QueueStatus> {
    return this.#enqueue(() => this.#queue.update(patch))
  }
  job(id: string): Deferred<JobRecord | undefined> {
    return this.#enqueue(() => this.#queue.job(id))
  }
  history(id: string): Deferred<StoredHistory | undefined> {
    return this.#enqueue(() => this.#queue.history(id))
  }
  list(options: ListOptions): Deferred<JobList> {
    return this.#enqueue(() => this.#queue.list(options))
  }
  status(): Deferred<QueueStatus> {
    return this.#enqueue(() => this.#queue.status())
  }
  facts(id: string, now: number): Deferred<Facts | undefined> {
    return this.#enqueue(() => this.#queue.facts(id, now))
  }
  prune(retention: Retention, now: number): Deferred<number> {
    return this.#enqueue(() => this.#queue.prune(retention, now))
  }
  depart(step: Departure): Deferred<Departed> {
    return this.#enqueue(() => this.#queue.depart(step))
  }
  arrive(step: Arrival): Deferred<QueueStatus> {
    return this.#enqueue(() => this.#queue.arrive(step))
  }
  close(): Deferred<void> {
    if (this.#closed) return succeed()
    const closed = this.#enqueue(() => undefined).addBoth(() => this.#leave())
    this.#closed = true
    return closed
  }
}
