import type { Random } from './random.ts'

/** What a scenario is told besides its random numbers. */
export interface Options {
  /** The form for the test suite: a few seconds. */
  readonly short: boolean
  /** Where the queues are to be: a base URL of a store, `postgres://…`; left out, SQLite files in folders of their own. */
  readonly store?: string | undefined
  readonly log: (line: string) => void
}

/** One way to make a queue's life hard. */
export interface Scenario {
  readonly name: string
  /** In a sentence. */
  readonly about: string
  /**
   * One round; gives back what must not have happened, in words. What is random is taken from `random`, so the same seed
   * makes the same choices; when processes get their turn is up to the machine.
   *
   * @throws NotHere if this machine cannot make it happen
   */
  run(random: Random, options: Options): Promise<readonly string[]>
}

/** This machine cannot make it happen: said aloud, and never taken for a success. */
export class NotHere extends Error {}
