export interface MemoSettings {
  readonly maxAge: number
  readonly maxSize: number
  readonly staleWhileRevalidate: number
  readonly inFlightOnly: boolean
  readonly cacheFailures: boolean
}

interface Run {
  /** Who waits, by number. */
  waiting: number[]
  /** The cache itself wants the result: a refresh. */
  kept: boolean
  over: boolean
}

interface Remembered {
  readonly arg: number
  result: { readonly text: string; readonly failed: boolean; readonly at: number } | undefined
  run: Run | undefined
}

/** What `memoize` does, by its definition: lists, and no thought of speed. */
export class MemoModel {
  now = 0
  readonly settings: MemoSettings
  /** Most recently used first. */
  entries: Remembered[] = []
  readonly runs: Run[] = []
  readonly seen: string[] = []
  #callers = 0

  constructor(settings: MemoSettings) {
    this.settings = settings
  }

  call(arg: number): void {
    const caller = this.#callers++
    const { maxAge, maxSize, staleWhileRevalidate } = this.settings
    let entry = this.entries.find((entry) => entry.arg === arg)
    if (entry === undefined) {
      while (this.entries.length > 0 && this.#expired(this.entries.at(-1)!)) this.entries.pop()
      entry = { arg, result: undefined, run: undefined }
      this.entries.unshift(entry)
      while (this.entries.length > maxSize) this.#drop(this.entries.at(-1)!)
    } else {
      this.entries = [entry, ...this.entries.filter((other) => other !== entry)]
    }
    const { result } = entry
    if (result !== undefined) {
      const age = this.now - result.at
      const fresh = age < maxAge
      const stale = !fresh && !result.failed && age < maxAge + staleWhileRevalidate
      if (stale && entry.run === undefined) entry.run = this.#start([], true)
      if (fresh || stale) return void this.seen.push(`${caller}: ${result.text}`)
    }
    if (entry.run !== undefined) return void entry.run.waiting.push(caller)
    entry.result = undefined
    entry.run = this.#start([caller], false)
  }

  end(id: number, text: string, failed: boolean): void {
    const run = this.runs[id]!
    if (run.over) return
    run.over = true
    const entry = this.entries.find((entry) => entry.run === run)
    if (entry !== undefined) {
      entry.run = undefined
      if (this.settings.inFlightOnly) this.#drop(entry)
      else if (!failed || this.settings.cacheFailures) entry.result = { text, failed, at: this.now }
      else if (entry.result === undefined) this.#drop(entry)
    }
    for (const caller of run.waiting) this.seen.push(`${caller}: ${text}`)
  }

  cancel(caller: number): void {
    const run = this.runs.find((run) => !run.over && run.waiting.includes(caller))
    if (run === undefined) return
    run.waiting = run.waiting.filter((other) => other !== caller)
    this.#stopUnwanted(run)
    this.seen.push(`${caller}: withdrawn`)
  }

  delete(arg: number): boolean {
    const entry = this.entries.find((entry) => entry.arg === arg)
    if (entry !== undefined) this.#drop(entry)
    return entry !== undefined
  }

  clear(): void {
    for (const entry of this.entries) this.#drop(entry)
  }

  #start(waiting: number[], kept: boolean): Run {
    const run: Run = { waiting, kept, over: false }
    this.runs.push(run)
    return run
  }

  #expired({ run, result }: Remembered): boolean {
    if (run !== undefined || result === undefined) return false
    return this.now - result.at >= this.settings.maxAge + (result.failed ? 0 : this.settings.staleWhileRevalidate)
  }

  #drop(entry: Remembered): void {
    this.entries = this.entries.filter((other) => other !== entry)
    const { run } = entry
    if (run === undefined) return
    run.kept = false
    this.#stopUnwanted(run)
  }

  #stopUnwanted(run: Run): void {
    if (run.over || run.kept || run.waiting.length > 0) return
    run.over = true
    this.seen.push(`cancelled ${this.runs.indexOf(run)}`)
    this.entries = this.entries.filter((entry) => entry.run !== run)
  }
}
