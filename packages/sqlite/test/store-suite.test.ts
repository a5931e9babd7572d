import type { Store } from '@potoroo/queue'
import { sqliteStore } from '@potoroo/sqlite'
import { storeSuite } from '@potoroo/store-tests'
import { describe, it } from 'vitest'
import { Folder } from './folder.ts'

const folders = new WeakMap<Store, Folder>()

storeSuite({
  name: 'sqliteStore',
  describe,
  it,
  makeStore() {
    const folder = new Folder()
    const store = sqliteStore(folder.file('jobs.db'), { durability: 'process' })
    folders.set(store, folder)
    return store
  },
  shareStore: (store) => sqliteStore(folders.get(store)!.file('jobs.db'), { durability: 'process' }),
  dispose: (store) => folders.get(store)![Symbol.dispose](),
})
