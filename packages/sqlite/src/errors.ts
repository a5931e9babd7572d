import { StoreError } from '@potoroo/queue'

/** SQLite's primary result codes, and what they mean to a user of the queue. */
const MEANINGS = new Map<number, readonly [code: string, advice: string]>([
  [5, ['ERR_STORE_BUSY', 'another process kept the database locked for too long']],
  [6, ['ERR_STORE_BUSY', 'another process kept the database locked for too long']],
  [8, ['ERR_STORE_READONLY', 'the database cannot be written; check the rights of the file and its folder']],
  [10, ['ERR_STORE_IO', 'the disk failed, or may hold no more of yours; check its health, its mount, and quotas']],
  [11, ['ERR_STORE_CORRUPT', 'the database is damaged; restore it from a copy']],
  [13, ['ERR_STORE_FULL', 'the disk is full; make room, and it goes on by itself']],
  [14, ['ERR_STORE_OPEN', 'the database cannot be opened; check that its folder exists and may be written']],
  [26, ['ERR_STORE_CORRUPT', 'the file is no SQLite database']],
])

/** An error of SQLite, or of the file system, as one with a code of ours; any other as it is. */
export function storeError(error: unknown, path: string): unknown {
  const { errcode, syscall } = (error ?? {}) as { errcode?: unknown; syscall?: unknown }
  // Of the file system: 14 is SQLite's number for a file that cannot be opened.
  const number = typeof syscall === 'string' ? 14 : errcode
  if (typeof number !== 'number') return error
  const [code, advice] = MEANINGS.get(number & 0xff) ?? ['ERR_STORE', 'the database refused']
  return new StoreError(code, `${path}: ${advice} (${(error as Error).message})`, { cause: error })
}
