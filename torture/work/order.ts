import type { Rate } from '@potoroo/queue'
import type { Kind } from './handlers.ts'

/** Where a worker kills itself: as `kill -9` does, at a point of a transaction that nobody outside could hit on purpose. */
export interface CrashPoint {
  /** `statement`: in the middle of the transaction. `commit`: while SQLite commits. The others: with nothing else between. */
  readonly where: 'statement' | 'before commit' | 'commit' | 'after commit'
  /** In which of its transactions, from 1. */
  readonly transaction: number
  /** For `statement`: after how many of them; for `commit`: how many µs after it began. */
  readonly offset: number
}

/** What a worker is started with. */
export interface Order {
  readonly store: string
  readonly queue: string
  readonly log: string
  readonly seed: number
  readonly lease: number
  /** Whether it runs jobs. */
  readonly runs: boolean
  readonly localWidth: number
  /** What it puts: so many jobs, unless it is told to stop before. */
  readonly puts: number
  readonly kinds: readonly Kind[]
  /** At most so many jobs are pending when it puts more. */
  readonly backlog: number
  /** Bytes that an argument may have besides. */
  readonly ballast: number
  /** Milliseconds that a job may be delayed at most. */
  readonly delay: number
  /** Milliseconds for which a handler may block its process. */
  readonly block: number
  readonly crash: CrashPoint | null
  /** Milliseconds by which its clock is off; null: it goes by the queue's own. */
  readonly offset: number | null
  /** Left out: not declared. */
  readonly width?: number
  readonly rate?: Rate
}
