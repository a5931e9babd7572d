import { type Rate, TOKEN_SEPARATOR } from '@potoroo/queue'
import type { DatabaseSync, StatementSync } from 'node:sqlite'

/** Milliseconds: a start that is noted for later than this from now was noted before the clock was set back. */
const AHEAD = 1_000

/** How many more may start now, and when the next one may if none. */
export interface RateRoom {
  readonly room: number
  readonly opensAt: number
}

/**
 * What a rate has to remember of a queue's starts, over all processes. A claim is noted as open, and counts as starting
 * now, until its process has said when its handlers were really called: a commit may take longer than a window, and
 * what a rate limits is the calls. Of starts that are noted `per` apart or more, none is in the other's window.
 */
export class Starts {
  readonly #sum: StatementSync
  readonly #window: StatementSync
  readonly #insert: StatementSync
  readonly #confirm: StatementSync
  readonly #closeAll: StatementSync
  readonly #setBack: StatementSync
  readonly #prune: StatementSync

  constructor(database: DatabaseSync) {
    this.#sum = database.prepare(
      'SELECT coalesce(sum(n), 0) AS n FROM starts WHERE queue = ?1 AND (at > ?2 OR at IS NULL)',
    )
    this.#window = database.prepare('SELECT at, n FROM starts WHERE queue = ? AND at > ? ORDER BY at')
    this.#insert = database.prepare('INSERT INTO starts (token, queue, at, n) VALUES (?, ?, NULL, ?)')
    this.#confirm = database.prepare('UPDATE starts SET at = ? WHERE token = ? AND at IS NULL')
    this.#closeAll = database.prepare('UPDATE starts SET at = ? WHERE at IS NULL AND token > ? AND token < ?')
    this.#setBack = database.prepare('UPDATE starts SET at = ?2 WHERE queue = ?1 AND at > ?3')
    this.#prune = database.prepare('DELETE FROM starts WHERE queue = ? AND at <= ?')
  }

  /** @param keep how long starts are remembered, in ms: `per` or longer */
  room(queue: number, { limit, per }: Rate, now: number, keep: number): RateRoom {
    // The clock was set back: as if these had started only now, which errs on the slow side and does not stall.
    this.#setBack.run(queue, now, now + AHEAD)
    this.#prune.run(queue, now - keep)
    const { n } = this.#sum.get(queue, now - per) as { n: number }
    if (n < limit) return { room: limit - n, opensAt: now }
    let left = n
    for (const { at, n: each } of this.#window.iterate(queue, now - per) as Iterable<{ at: number; n: number }>) {
      left -= each
      if (left < limit) return { room: 0, opensAt: Math.ceil(at + per) }
    }
    return { room: 0, opensAt: Math.ceil(now + per) }
  }

  claimed(queue: number, token: string, n: number): void {
    this.#insert.run(token, queue, n)
  }

  started(token: string, at: number): void {
    this.#confirm.run(at, token)
  }

  /** A worker is gone: what it claimed and never spoke of may have started as late as now. */
  abandon(worker: string, now: number): void {
    const [from, to] = tokensOf(worker)
    this.#closeAll.run(now, from, to)
  }
}

/** Between these two lie all tokens of a worker. */
export function tokensOf(worker: string): readonly [from: string, to: string] {
  return [worker + TOKEN_SEPARATOR, worker + String.fromCharCode(TOKEN_SEPARATOR.charCodeAt(0) + 1)]
}
