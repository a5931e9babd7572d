import type { Store } from '@potoroo/queue'
import { storeSuite } from '@potoroo/store-tests'
import { describe, it } from 'vitest'
import { Folder } from './folder.ts'
import { openStore } from './open-store.ts'

const folders = new WeakMap<Store, Folder>()
const whereIs = (store: Store): string => folders.get(store)!.file('jobs.db')

storeSuite({
  name: 'sqliteStore',
  describe,
  it,
  makeStore() {
    const folder = new Folder()
    const store = openStore(folder.file('jobs.db'))
    folders.set(store, folder)
    return store
  },
  shareStore: (store) => openStore(whereIs(store)),
  dispose: (store) => folders.get(store)![Symbol.dispose](),
  sharing: { module: new URL('./open-store.ts', import.meta.url).href, whereIs },
})
