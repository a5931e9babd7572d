import { memoryStore } from '@potoroo/queue'
import { storeSuite } from '@potoroo/store-tests'
import { describe, it } from 'vitest'

storeSuite({ name: 'memoryStore', makeStore: memoryStore, describe, it })
