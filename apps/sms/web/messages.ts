/** What the service says of a message. */
export interface Progress {
  readonly state: 'pending' | 'underway' | 'finished' | 'failed' | 'cancelled'
  readonly position: number | null
  /** Of the last attempt. */
  readonly error: string | null
}

/** A message sent from this tab. */
export interface Message {
  readonly id: string
  /** `forgotten`: over for so long that the service has no record of it any more. */
  readonly state: Progress['state'] | 'forgotten'
  readonly position: number | null
  readonly error: string | null
  readonly to: string
  readonly text: string
  /** Milliseconds since the epoch. */
  readonly time: number
}

const KEY = 'potoroo-messages'
const MOST = 100

/** The messages of this tab, newest first: kept over a reload, gone with the tab. */
export function loadMessages(): Message[] {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(KEY) ?? '[]')
    return Array.isArray(kept) ? (kept as Message[]) : []
  } catch {
    return [] // no storage in this browser's mood, or somebody else's data
  }
}

/** Keeps them, the oldest of very many left out. */
export function saveMessages(messages: readonly Message[]): void {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(messages.slice(0, MOST)))
  } catch {
    // without storage they live as long as the page
  }
}

export const isOver = ({ state }: Message): boolean => state !== 'pending' && state !== 'underway'
