import { PotorooError } from 'potoroo'

/** Where a list of several stretches goes on: in which stretch, and behind which key of its order. */
export interface Cursor {
  readonly segment: number
  readonly key: readonly number[]
}

/** A cursor as the text that users hand back. */
export function writeCursor({ segment, key }: Cursor): string {
  return Buffer.from(JSON.stringify([segment, ...key])).toString('base64url')
}

/**
 * The cursor in a text; `segments` are the list's stretches, each with the key that it begins with.
 *
 * @throws PotorooError ERR_INVALID_CURSOR if it is none of this list
 */
export function readCursor(text: string, segments: readonly { readonly first: readonly number[] }[]): Cursor {
  try {
    const [segment, ...key] = JSON.parse(Buffer.from(text, 'base64url').toString()) as number[]
    const known = segments[segment!]
    if (known !== undefined && key.length === known.first.length && key.every(Number.isFinite)) {
      return { segment: segment!, key }
    }
  } catch {
    // Not a cursor of ours.
  }
  throw new PotorooError('ERR_INVALID_CURSOR', 'after must be the `next` of an earlier page of the same list')
}
