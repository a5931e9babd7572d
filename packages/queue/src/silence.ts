/** A worker as it stands in a store. */
export interface Beating {
  readonly id: string
  readonly lease: number
  /** Counts its renewals. */
  readonly beat: number
}

/** How long each other worker has been silent, as one looker saw it: looks of several must not be added up. */
export class Silence {
  readonly #workers = new Map<string, { readonly beat: number; readonly seenBy: Map<string, number> }>()

  /** Those that have been silent for the length of their lease, of all that there are; `looker` has looked last `elapsed` ms ago. */
  look<W extends Beating>(workers: readonly W[], elapsed: number, looker: string): W[] {
    for (const id of this.#workers.keys()) if (!workers.some((worker) => worker.id === id)) this.#workers.delete(id)
    return workers.filter(({ id, beat, lease }) => {
      let silence = this.#workers.get(id)
      if (silence?.beat !== beat) this.#workers.set(id, (silence = { beat, seenBy: new Map() }))
      const before = silence.seenBy.get(looker)
      const silent = before === undefined ? 0 : before + elapsed
      silence.seenBy.set(looker, silent)
      return silent >= lease
    })
  }

  /** What was seen means nothing any more. */
  forget(): void {
    this.#workers.clear()
  }
}
