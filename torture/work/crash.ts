import { StatementSync } from 'node:sqlite'
import { Worker } from 'node:worker_threads'
import type { CrashPoint } from './order.ts'

/**
 * Compiles a crash point into this process, before it has opened its store: SQLite's statements are called through a
 * function that counts. The store itself knows nothing of it, and other processes pay nothing for it.
 *
 * A kill in the middle of a commit comes from a thread that is told just before: the main thread is inside SQLite then.
 */
export function setCrashPoint({ where, transaction, offset }: CrashPoint, dying: () => void): void {
  const run = StatementSync.prototype.run
  const die = (): void => {
    dying()
    process.kill(process.pid, 'SIGKILL')
    // It comes at once, but not before this returns.
    for (;;);
  }
  const killer = where === 'commit' ? startKiller(offset) : undefined
  let transactions = 0
  let statements = 0
  StatementSync.prototype.run = function (this: StatementSync, ...args: Parameters<typeof run>) {
    const sql = this.sourceSQL
    if (sql === 'BEGIN IMMEDIATE') {
      const begun = run.apply(this, args)
      // Counted only now: another process may have been in the way.
      transactions++
      statements = 0
      return begun
    }
    if (transactions !== transaction) return run.apply(this, args)
    if (sql === 'COMMIT') {
      // A transaction that was shorter than hoped for dies at its end.
      if (where === 'before commit' || where === 'statement') die()
      if (where === 'commit') {
        dying()
        killer!()
      }
      const committed = run.apply(this, args)
      // The killer is on its way, if it has not been in time.
      die()
      return committed
    }
    const done = run.apply(this, args)
    if (where === 'statement' && ++statements >= offset) die()
    return done
  } as typeof run
}

/** A thread that waits to be told, and then so many µs more. */
function startKiller(microseconds: number): () => void {
  const flag = new Int32Array(new SharedArrayBuffer(4))
  const thread = new Worker(
    `const { workerData: { flag, microseconds, pid } } = require('node:worker_threads')
    Atomics.wait(flag, 0, 0)
    const end = performance.now() + microseconds / 1000
    while (performance.now() < end);
    process.kill(pid, 'SIGKILL')`,
    { eval: true, workerData: { flag, microseconds, pid: process.pid } },
  )
  thread.unref()
  return () => {
    Atomics.store(flag, 0, 1)
    Atomics.notify(flag, 0)
  }
}
