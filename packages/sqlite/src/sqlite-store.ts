import { type FSWatcher, watch } from 'node:fs'
import { BatchedStore, type Store } from '@potoroo/queue'
import { usageError } from 'potoroo'
import type { Durability } from './database.ts'
import { SqliteEngine } from './engine.ts'

export interface SqliteOptions {
  /**
   * What a commit survives. `power` (the default): power loss, by an fsync that all puts of the same moment share.
   * `process`: `kill -9` and any crash of the program; a power loss may undo the last moments.
   */
  readonly durability?: Durability
}

/** Milliseconds between looks at whether another process has written, where the file system does not tell. */
const LOOK_EVERY = 250

/**
 * A store in one SQLite file, which several processes of one machine may share. Opened with its first queue, closed with
 * its last.
 *
 * @param path of the file, made with mode 0600 if there is none; its folder must exist, on a local disk
 * @throws TypeError ERR_INVALID_PATH or ERR_INVALID_DURABILITY
 *
 * @example
 * const store = sqliteStore('jobs.db', { durability: 'process' })
 * const queue = await openQueue({ name: 'mail', store })
 * await queue.put({ to: 'ada@example.org' })
 * await queue.stop()
 */
export function sqliteStore(path: string, { durability = 'power' }: SqliteOptions = {}): Store {
  if (typeof path !== 'string' || path === '') {
    throw usageError(TypeError, 'ERR_INVALID_PATH', 'Name a file for the database')
  }
  if (durability !== 'power' && durability !== 'process') {
    throw usageError(TypeError, 'ERR_INVALID_DURABILITY', "durability is 'power' or 'process'")
  }
  const store = new BatchedStore(open, (flush) => setImmediate(flush))
  return store

  function open(): SqliteEngine {
    const engine = new SqliteEngine(path, durability)
    const look = (): void => {
      if (engine.mayHaveChanged()) store.poll()
    }
    const timer = setInterval(look, LOOK_EVERY)
    const watcher = watchLog(path, look)
    const close = engine.close.bind(engine)
    engine.close = () => {
      clearInterval(timer)
      watcher?.close()
      close()
    }
    return engine
  }
}

/** The log is written with every commit: the file system tells other processes at once. */
function watchLog(path: string, look: () => void): FSWatcher | undefined {
  let looking = false
  try {
    const watcher = watch(`${path}-wal`, () => {
      if (looking) return
      looking = true
      setImmediate(() => {
        looking = false
        if (open) look()
      })
    })
    let open = true
    watcher.on('close', () => (open = false)).on('error', () => watcher.close())
    return watcher
  } catch {
    // Not every file system can: then it is looked at every now and then.
    return undefined
  }
}
