import { StoreError } from '@potoroo/queue'

/** Nothing was sent: what was asked has not happened. */
export class Unsent extends Error {
  override readonly name = 'Unsent'
  constructor(cause: unknown) {
    super(messageOf(cause), { cause })
  }
}

/** It was sent, and no answer was heard: it may have happened. */
export class Unheard extends Error {
  override readonly name = 'Unheard'
  constructor(cause: unknown) {
    super(messageOf(cause), { cause })
  }
}

/** The database refused for a reason that passes: nothing has happened, and it may be asked again. */
export class Refused extends Error {
  override readonly name = 'Refused'
  /** What it comes to for the user if it does not pass in time. */
  readonly meaning: StoreError
  constructor(meaning: StoreError) {
    super(meaning.message, { cause: meaning.cause })
    this.meaning = meaning
  }
}

/** It was not done, because a transaction of somebody's may complete the job: it is to be asked again a little later. */
export class PutOff extends Error {
  override readonly name = 'PutOff'
}

/** PostgreSQL's codes, or the beginnings of them, and what they mean to a user of the queue; `true` if it may pass. */
const MEANINGS: readonly (readonly [sqlstate: string, code: string, advice: string, passes?: true])[] = [
  ['PT001', 'ERR_STORE_BUSY', 'the program stood still for so long that its transaction was given up', true],
  ['40', 'ERR_STORE_BUSY', 'others kept what it needs locked', true],
  ['55P03', 'ERR_STORE_BUSY', 'others kept what it needs locked for too long', true],
  ['57014', 'ERR_STORE_BUSY', 'it took longer than the server allows (statement_timeout), or was cancelled there', true],
  ['53100', 'ERR_STORE_FULL', "the server's disk is full; make room, and it goes on by itself"],
  ['53', 'ERR_STORE_BUSY', 'the server has no more connections or memory to give', true],
  ['25006', 'ERR_STORE_READONLY', 'the server takes no writes; is it a standby?', true],
  ['25', 'ERR_STORE_READONLY', 'the session takes no writes'],
  ['42501', 'ERR_STORE_RIGHTS', 'the user lacks a right in the database'],
  ['28', 'ERR_STORE_OPEN', 'the server does not let this user in; check user and password'],
  ['3D000', 'ERR_STORE_OPEN', 'there is no such database; check the name, or create it'],
  ['42', 'ERR_STORE_CORRUPT', "the queue's tables are not as they were made; restore them from a copy"],
  ['3F000', 'ERR_STORE_CORRUPT', "the queue's schema is gone; restore it from a copy"],
  ['58', 'ERR_STORE_IO', "the server's disk failed; check its health"],
  ['XX', 'ERR_STORE_CORRUPT', 'the database is damaged; restore it from a copy'],
]

/** The server's own word, where it has one: its connection is in order, and the transaction was rolled back. */
export function sqlStateOf(error: unknown): string | undefined {
  const { code, severity } = (error ?? {}) as { code?: unknown; severity?: unknown }
  return typeof code === 'string' && typeof severity === 'string' ? code : undefined
}

/** Whether the server or the connection went away in the middle: a server that is told to stop may have committed before. */
export function isCut(sqlState: string | undefined): boolean {
  return sqlState === undefined || /^(08|57P)/.test(sqlState)
}

/** An error of the server, or of the way there, as one with a code of ours; any other as it is. */
export function storeError(error: unknown, where: string): StoreError | Refused {
  if (error instanceof StoreError || error instanceof Refused) return error
  if (error instanceof Unsent || error instanceof Unheard) return unreachable(error.cause, where)
  const sqlState = sqlStateOf(error)
  if (isCut(sqlState)) return unreachable(error, where)
  const [, code, advice, passes] = MEANINGS.find(([start]) => sqlState!.startsWith(start)) ?? ['', 'ERR_STORE', 'the database refused']
  const meaning = new StoreError(code, `${where}: ${advice} (${messageOf(error)})`, { cause: error })
  return passes ? new Refused(meaning) : meaning
}

function unreachable(error: unknown, where: string): StoreError {
  return new StoreError('ERR_STORE_UNAVAILABLE', `${where}: the server cannot be reached (${messageOf(error)})`, { cause: error })
}

/** Of an attempt at several addresses, the first one's: the whole has no message of its own. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return messageOf(error.errors[0])
  return error instanceof Error ? error.message : String(error)
}
