import { type Declared, DEFAULT_WIDTH, type QueueMove, type QueueSettings, type Rate, type SettingsPatch } from '@potoroo/queue'
import type { DatabaseSync, StatementSync } from 'node:sqlite'

/** A queue's row, kept in memory between transactions: read anew when another process has written. */
export interface QueueRow {
  id: number
  width: number | null
  rate_limit: number | null
  rate_per: number | null
  /** Rates before this one have a say in how long starts are remembered: so long, until then (null: not looked at yet). */
  rate_keep: number | null
  rate_keep_until: number | null
  declared_width: string | null
  declared_rate: string | null
  paused: number
  held_until: number
  /** JSON of a {@link QueueMove}. */
  move: string | null
  version: number
  pending: number
  underway: number
  finished: number
  failed: number
  cancelled: number
  places: number
  joined: number
  ended: number
}

/** The columns that are written back; the two first say which row it is. */
const WRITTEN = [
  'width',
  'rate_limit',
  'rate_per',
  'rate_keep',
  'rate_keep_until',
  'declared_width',
  'declared_rate',
  'paused',
  'held_until',
  'move',
  'version',
  'pending',
  'underway',
  'finished',
  'failed',
  'cancelled',
  'places',
  'joined',
  'ended',
] as const satisfies (keyof QueueRow)[]

/** Reads and writes the rows of `queues`. */
export class QueueRows {
  readonly #select: StatementSync
  readonly #names: StatementSync
  readonly #insert: StatementSync
  readonly #update: StatementSync

  constructor(database: DatabaseSync) {
    this.#select = database.prepare('SELECT * FROM queues WHERE name = ?')
    this.#names = database.prepare('SELECT name FROM queues ORDER BY id')
    this.#insert = database.prepare('INSERT INTO queues (name, width) VALUES (?, ?) ON CONFLICT DO NOTHING')
    this.#update = database.prepare(`UPDATE queues SET ${WRITTEN.map((name) => `${name} = ?`).join(', ')} WHERE id = ?`)
  }

  make(name: string): void {
    this.#insert.run(name, DEFAULT_WIDTH)
  }

  names(): string[] {
    return (this.#names.all() as { name: string }[]).map(({ name }) => name)
  }

  read(name: string): QueueRow | undefined {
    const row = this.#select.get(name)
    return row && ({ ...row } as unknown as QueueRow)
  }

  write(row: QueueRow): void {
    this.#update.run(...WRITTEN.map((name) => row[name]), row.id)
  }
}

export function settingsOf(row: QueueRow): QueueSettings {
  return {
    width: row.width ?? Infinity,
    rate: row.rate_limit === null || row.rate_per === null ? null : { limit: row.rate_limit, per: row.rate_per },
    paused: row.paused !== 0,
    heldUntil: row.held_until,
    move: moveOf(row),
  }
}

/** The mark that was read last: of a queue that has arrived it stays the same for good. */
let lastMark: { readonly text: string; readonly move: QueueMove } | undefined

export function moveOf({ move: text }: QueueRow): QueueMove | null {
  if (text === null) return null
  if (lastMark?.text !== text) lastMark = { text, move: JSON.parse(text) as QueueMove }
  return lastMark.move
}

/** What was declared last. */
export function declaredOf({ declared_width, declared_rate }: QueueRow): Declared {
  const rate = declared_rate === null ? undefined : (JSON.parse(declared_rate) as [limit: number, per: number] | null)
  return {
    ...(declared_width === null ? {} : { width: Number(declared_width) }),
    ...(rate === undefined ? {} : { rate: rate && { limit: rate[0], per: rate[1] } }),
  }
}

/** Forgets what was declared, and takes this instead. It changes nothing else. */
export function redeclare(row: QueueRow, { width, rate }: Declared): void {
  row.declared_width = width === undefined ? null : String(width)
  row.declared_rate = rate === undefined ? null : rateText(rate)
}

export function patch(row: QueueRow, { width, rate, paused }: SettingsPatch): void {
  if (width !== undefined) row.width = width === Infinity ? null : width
  if (rate !== undefined) {
    if (row.rate_per !== null) {
      row.rate_keep = Math.max(row.rate_keep ?? 0, row.rate_per)
      row.rate_keep_until = null
    }
    row.rate_limit = rate?.limit ?? null
    row.rate_per = rate?.per ?? null
  }
  if (paused !== undefined) row.paused = paused ? 1 : 0
}

/**
 * How many milliseconds starts are to be remembered: a rate that is turned down and up again must not have forgotten what
 * started before. Takes note in the row of how long that is so.
 */
export function keepFor(row: QueueRow, { per }: Rate, now: number): number {
  if (row.rate_keep === null) return per
  row.rate_keep_until ??= Math.ceil(now + row.rate_keep)
  if (now <= row.rate_keep_until) return Math.max(per, row.rate_keep)
  row.rate_keep = row.rate_keep_until = null
  return per
}

/** What was declared holds only when it is something else than what was declared before. Whether anything changed. */
export function declare(row: QueueRow, { width, rate }: Declared): boolean {
  const changes: { width?: number; rate?: Rate | null } = {}
  if (width !== undefined && String(width) !== row.declared_width) {
    row.declared_width = String(width)
    changes.width = width
  }
  if (rate !== undefined) {
    const text = rateText(rate)
    if (text !== row.declared_rate) {
      row.declared_rate = text
      changes.rate = rate
    }
  }
  if (Object.keys(changes).length === 0) return false
  patch(row, changes)
  return true
}

function rateText(rate: Rate | null): string {
  return JSON.stringify(rate && [rate.limit, rate.per])
}
