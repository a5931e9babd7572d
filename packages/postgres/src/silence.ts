/** A worker as the database has it. */
export interface WorkerRow {
  readonly id: string
  readonly lease: number
  readonly beat: number
}

/** How long each other worker has been silent, as one looker saw it: looks of several must not be added up. */
export class Silence {
  readonly #workers = new Map<string, { readonly beat: number; readonly seenBy: Map<string, number> }>()

  /** Those that have been silent for the length of their lease. */
  look(workers: readonly WorkerRow[], elapsed: number, looker: string): WorkerRow[] {
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
}
