import { StoreError } from '@potoroo/queue'
import type { Clock } from 'potoroo'
import type { Database } from './database.ts'
import { Refused, storeError, Unheard, Unsent } from './errors.ts'
import type { Operation } from './operation.ts'
import type { Row } from './rows.ts'

/** How a batch of operations comes to the database and what becomes of its answer: the queue's part. */
export interface LineOwner {
  /** Runs a batch once, as the transaction of this number; null if it only looks. */
  run(batch: readonly Operation[], number: number | null): Promise<Row[]>
  /** Takes in how the queue stands; then, when it is called, the answer is worked on and everybody told. */
  answered(batch: readonly Operation[], rows: readonly Row[]): () => void
  /** After no answer was heard: takes in what can be found out; false if the batch was not committed, and never will be. */
  recall(batch: readonly Operation[], number: number): Promise<boolean>
}

/** Milliseconds for which an operation is tried whose turn does not come; an exchange or a put then fails. */
const PATIENCE = 10_000
const PAUSES = { first: 50, longest: 1_000 }
/** Milliseconds until one is asked again that was put off. */
const PUT_OFF_FOR = 100
/** A transaction takes on nothing more when it is about so many jobs: the queue is locked meanwhile. */
const WEIGHT = 2_000

/**
 * The operations asked of one queue, in their order. One transaction is under way at a time; what is asked meanwhile is
 * gathered for the next, so that the busier the queue is, the larger are the batches.
 *
 * What cannot be sent is tried again, for a time. Of what was sent and not answered, it is found out first whether it was
 * committed, however long that takes.
 */
export class Line {
  readonly #owner: LineOwner
  readonly #database: Database
  readonly #clock: Clock
  #waiting: Operation[] = []
  #busy = false
  #scheduled = false
  #batches = 0
  /** When the server was first found out of reach, until it is in reach again. */
  #troubleSince: number | undefined
  #onTrouble: (error: StoreError | null) => void
  #aborted: StoreError | undefined
  #wake: (() => void) | undefined
  /** Those that are to be asked again a little later, and their timers. */
  readonly #putOff = new Map<Operation, unknown>()

  constructor(owner: LineOwner, database: Database, clock: Clock, onTrouble: (error: StoreError | null) => void) {
    this.#owner = owner
    this.#database = database
    this.#clock = clock
    this.#onTrouble = onTrouble
  }

  get isIdle(): boolean {
    return !this.#busy && this.#waiting.length === 0
  }

  get isInTrouble(): boolean {
    return this.#troubleSince !== undefined
  }

  /** The last that waits, if it has not been sent. */
  get last(): Operation | undefined {
    return this.#waiting.at(-1)
  }

  add(operation: Operation): void {
    if (this.#aborted !== undefined) return operation.fail(this.#aborted)
    operation.since = this.#clock.now()
    this.#waiting.push(operation)
    this.#schedule()
  }

  /** Asks it again a little later, or fails it if it was first asked too long ago. */
  putOff(operation: Operation): void {
    if (this.#aborted !== undefined) return operation.fail(this.#aborted)
    if (operation.since <= this.#clock.now() - PATIENCE) {
      const message = `${this.#database.where}: a transaction that completes the job has been open for ${PATIENCE / 1_000} s`
      return operation.fail(new StoreError('ERR_STORE_BUSY', message))
    }
    const again = (): void => {
      this.#putOff.delete(operation)
      this.#waiting.push(operation)
      this.#schedule()
    }
    this.#putOff.set(operation, this.#clock.setTimeout(again, PUT_OFF_FOR))
  }

  /** Fails all there is, and all that may come. */
  abort(): void {
    this.#aborted = new StoreError('ERR_STORE_UNAVAILABLE', `${this.#database.where}: the queue was closed before this could be done`)
    for (const timer of this.#putOff.values()) this.#clock.clearTimeout(timer)
    for (const operation of [...this.#putOff.keys(), ...this.#waiting.splice(0)]) operation.fail(this.#aborted)
    this.#putOff.clear()
    this.#wake?.()
  }

  /** At the end of the moment, so that all that is asked for in it goes together. */
  #schedule(): void {
    if (this.#busy || this.#scheduled || this.#waiting.length === 0) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#start()
    })
  }

  #start(): void {
    const batch = this.#busy ? [] : this.#next()
    if (batch.length === 0) return
    this.#busy = true
    void this.#send(batch).then((work) => {
      this.#busy = false
      // What waits already goes first, so that the database is at work while the answer is worked on here.
      if (this.#waiting.some(({ isExchange }) => isExchange)) this.#start()
      try {
        work?.()
      } finally {
        this.#schedule()
      }
    })
  }

  #next(): Operation[] {
    const waiting = this.#waiting
    if (waiting[0]?.statement !== undefined) return waiting.splice(0, 1)
    let weight = 0
    let exchanges = 0
    let end = 0
    for (; end < waiting.length && weight < WEIGHT; end++) {
      const { statement, isExchange, weight: more } = waiting[end]!
      if (statement !== undefined || (isExchange && ++exchanges > 1)) break
      weight += more
    }
    return waiting.splice(0, end)
  }

  /** Never fails: what goes wrong is told to whoever asked. Gives the work that the answer makes. */
  async #send(operations: Operation[]): Promise<(() => void) | undefined> {
    let batch = operations
    /** The transaction of which nobody knows what became of it. */
    let doubt: number | undefined
    for (let pause = PAUSES.first; batch.length > 0; pause = Math.min(pause * 2, PAUSES.longest)) {
      try {
        if (doubt !== undefined && (await this.#owner.recall(batch, doubt))) {
          this.#wellAgain()
          return undefined
        }
        doubt = undefined
        const number = batch.some(({ writes }) => writes) ? ++this.#batches : null
        const rows = await this.#owner.run(batch, number).catch((error: unknown) => {
          if (error instanceof Unheard && number !== null) doubt = number
          throw error
        })
        this.#wellAgain()
        return this.#owner.answered(batch, rows)
      } catch (error) {
        if (this.#aborted !== undefined) return () => failAll(batch, this.#farewell(doubt))
        const passes = error instanceof Unsent || error instanceof Unheard || error instanceof Refused
        // A fault of ours, or a database that will not have it: asking again changes nothing.
        if (!passes) return () => failAll(batch, error)
        this.#inTrouble(error)
        await this.#pause(pause)
        if (this.#aborted !== undefined) return () => failAll(batch, this.#farewell(doubt))
        const meaning = error instanceof Refused ? error.meaning : storeError(error, this.#database.where)
        const since = this.#clock.now() - PATIENCE
        this.#waiting = impatient(this.#waiting, since, meaning)
        if (doubt === undefined) batch = impatient(batch, since, meaning)
      }
    }
    return undefined
  }

  #farewell(doubt: number | undefined): StoreError {
    if (doubt === undefined) return this.#aborted!
    return new StoreError('ERR_STORE_UNKNOWN', `${this.#database.where}: the line was cut and the queue closed before it was found out whether this was done`)
  }

  #inTrouble(error: Unsent | Unheard | Refused): void {
    if (this.#troubleSince === undefined) {
      this.#troubleSince = this.#clock.now()
      this.#onTrouble(error instanceof Refused ? error.meaning : (storeError(error, this.#database.where) as StoreError))
    }
  }

  #wellAgain(): void {
    if (this.#troubleSince === undefined) return
    this.#troubleSince = undefined
    this.#onTrouble(null)
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#clock.setTimeout(resolve, ms * (0.5 + Math.random() / 2))
      this.#wake = () => {
        this.#clock.clearTimeout(timer)
        resolve()
      }
    })
  }
}

function failAll(batch: readonly Operation[], error: unknown): void {
  for (const operation of batch) operation.fail(error)
}

/** Fails what has waited since then or before; gives back the rest. */
function impatient(operations: readonly Operation[], since: number, error: unknown): Operation[] {
  const stale = operations.filter((operation) => operation.since <= since)
  failAll(stale, error)
  return stale.length === 0 ? (operations as Operation[]) : operations.filter((operation) => operation.since > since)
}
