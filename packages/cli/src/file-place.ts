import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Store } from '@potoroo/queue'
import { sqliteStore } from '@potoroo/sqlite'
import { CommandError } from './command-error.ts'
import type { Place } from './place.ts'

/** A file of SQLite's. */
export class FilePlace implements Place {
  readonly title: string

  constructor(path: string) {
    this.title = path
  }

  isSame(other: Place): boolean {
    if (!(other instanceof FilePlace)) return false
    const [one, another] = [this.#stat(), other.#stat()]
    if (one === undefined || another === undefined) return resolve(this.title) === resolve(other.title)
    return one.dev === another.dev && one.ino === another.ino
  }

  open(): Store {
    return sqliteStore(this.title)
  }

  async openExisting(): Promise<Store> {
    const file = this.#stat()
    if (file === undefined) {
      throw new CommandError('ERR_STORE_NOT_FOUND', `There is no file ${this.title}; name the file that the queue is kept in`)
    }
    if (!file.isFile()) {
      throw new CommandError('ERR_STORE_NOT_FOUND', `${this.title} is no file; name the file that the queue is kept in`)
    }
    return this.open()
  }

  #stat() {
    return statSync(this.title, { throwIfNoEntry: false, bigint: true })
  }
}
