import { isOver, type Message, type Progress } from './messages.ts'
import { lookUp } from './service.ts'

/** Milliseconds between two looks: often where something happens soon, seldom for messages far back in the line. */
const SOON = 400
const LATER = 1_500
const NEAR = 20
/** The service answers for so many at a time. */
const AT_ONCE = 50

export interface Following {
  /** The messages as the page knows them now. */
  readonly messages: () => readonly Message[]
  readonly onProgress: (progress: Readonly<Record<string, Progress | null>>) => void
  /** Told whether the service can be reached. */
  readonly onConnection: (connected: boolean) => void
}

/**
 * Asks the service where the messages are, as long as any is on its way; not while nobody sees the page. Gives back what
 * makes it look at once.
 */
export function follow({ messages, onProgress, onConnection }: Following): () => void {
  let timer: number | undefined
  let looking = false

  const look = async (): Promise<void> => {
    clearTimeout(timer)
    timer = undefined
    if (looking || document.hidden) return
    // The oldest first: they move first.
    const open = messages().filter((message) => !isOver(message)).slice(-AT_ONCE)
    if (open.length === 0) return onConnection(true)
    looking = true
    try {
      onProgress(await lookUp(open.map(({ id }) => id)))
      onConnection(true)
    } catch {
      onConnection(false)
    }
    looking = false
    const near = open.some(({ state, position }) => state === 'underway' || (position !== null && position <= NEAR))
    timer = setTimeout(look, near ? SOON : LATER)
  }

  document.addEventListener('visibilitychange', () => void look())
  return () => void look()
}
