import type { Store } from '@potoroo/queue'
import type { Awaitable } from 'potoroo'
import { changing } from './suite/change.ts'
import { claiming } from './suite/claim.ts'
import { clocks } from './suite/clock.ts'
import { concurrency, type Sharing } from './suite/concurrency.ts'
import { fencing } from './suite/fence.ts'
import { remembering } from './suite/history.ts'
import { listing } from './suite/list.ts'
import { movingWhole } from './suite/move-queue.ts'
import { moving } from './suite/moving.ts'
import { ordering } from './suite/order.ts'
import { putting } from './suite/put.ts'
import { rates } from './suite/rate.ts'
import { settings } from './suite/settings.ts'
import { telling } from './suite/news.ts'
import { upkeep } from './suite/upkeep.ts'
import { watching } from './suite/watch.ts'
import { workers } from './suite/worker.ts'
import { Trial } from './trial.ts'

export interface StoreSuiteOptions {
  /** Of the store, for the tests' titles. */
  readonly name: string
  /** `describe` and `it` of the test runner: Vitest's, or Node's own, or any like them. */
  readonly describe: (title: string, body: () => void) => void
  readonly it: (title: string, body: () => Promise<void>) => void
  /** A new store, with nothing in it. */
  readonly makeStore: () => Awaitable<Store>
  /** Another store on the same data, as another process would have it. Left out: nobody else can see the data. */
  readonly shareStore?: (store: Store) => Awaitable<Store>
  /** Called when all that was opened is closed: takes away what `makeStore` made. */
  readonly dispose?: (store: Store) => Awaitable<void>
  /** How other processes come to the store, if they can. */
  readonly sharing?: Sharing
}

/** A test of the suite, as its parts write it. */
export type Test = (title: string, body: (trial: Trial) => Promise<void>) => void

/** What a part of the suite is given. */
export interface Part {
  readonly describe: StoreSuiteOptions['describe']
  readonly it: StoreSuiteOptions['it']
  readonly test: Test
  readonly share: ((store: Store) => Awaitable<Store>) | undefined
}

/**
 * The contract of `Store`, as tests: whatever passes them can carry a queue. Every test has a store of its own, and ends
 * with a recount of its jobs.
 *
 * @example
 * import { memoryStore } from '@potoroo/queue'
 * import { storeSuite } from '@potoroo/store-tests'
 * import { describe, it } from 'vitest'
 *
 * storeSuite({ name: 'memoryStore', makeStore: memoryStore, describe, it })
 */
export function storeSuite({ name, describe, it, makeStore, shareStore, dispose, sharing }: StoreSuiteOptions): void {
  const test: Test = (title, body) =>
    it(title, async () => {
      const store = await makeStore()
      try {
        const trial = await Trial.begin(store)
        try {
          await body(trial)
        } catch (error) {
          // The test's own error says more than what a trial may say that was left in the middle.
          await trial.end().catch(() => undefined)
          throw error
        }
        await trial.end()
      } finally {
        await dispose?.(store)
      }
    })
  const part: Part = { describe, it, test, share: shareStore }
  describe(`${name} keeps the contract of a store`, () => {
    describe('put', () => putting(part))
    describe('claims', () => claiming(part))
    describe('rate', () => rates(part))
    describe('outcomes', () => fencing(part))
    describe('workers', () => workers(part))
    describe('commands', () => changing(part))
    describe('settings', () => settings(part))
    describe('lists', () => listing(part))
    describe('the history of a job', () => remembering(part))
    describe('upkeep', () => upkeep(part))
    describe('a clock that is set', () => clocks(part))
    describe('a queue that moves', () => moving(part))
    describe('moveQueue', () => movingWhole(part))
    describe('news', () => telling(part))
    describe('watch', () => watching(part))
    describe('one batch', () => ordering(part))
    if (sharing !== undefined) describe('several processes', () => concurrency(part, sharing))
  })
}
