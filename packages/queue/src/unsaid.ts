import type { Exchange, Outcome } from './store.ts'

/** What has happened in a worker and was not told to the store yet. */
export class Unsaid {
  #outcomes: Outcome[] = []
  /** What the store could not record yet. */
  #putOff: Outcome[] = []
  #started: Exchange['started'][number][] = []
  #holdUntil = 0

  /** Whether there is nothing to be said now. */
  get isEmpty(): boolean {
    return this.#outcomes.length === 0 && this.#started.length === 0 && this.#holdUntil === 0
  }

  /** Whether there is what ended, to be said now or again later. */
  get hasOutcomes(): boolean {
    return this.#outcomes.length > 0 || this.#putOff.length > 0
  }

  /** Until when the store is to be told to hold the queue back; 0 for not. */
  get holdUntil(): number {
    return this.#holdUntil
  }

  end(outcome: Outcome): void {
    this.#outcomes.push(outcome)
  }

  /** The store could not record it yet: it is kept for {@link sayAgain}. */
  putOff(outcome: Outcome): void {
    this.#putOff.push(outcome)
  }

  /** What was put off is to be said now, before what has been said since: it was first. */
  sayAgain(): void {
    this.#outcomes.unshift(...this.#putOff.splice(0))
  }

  start(token: string, at: number): void {
    this.#started.push({ token, at })
  }

  hold(until: number): void {
    this.#holdUntil = Math.max(this.#holdUntil, until)
  }

  /** All of it, to be said now. If an earlier try to say something was rolled back, that comes first. */
  take(before: Exchange | undefined): Pick<Exchange, 'outcomes' | 'started' | 'holdUntil'> {
    if (before !== undefined) this.giveBack(before)
    const all = { outcomes: this.#outcomes, started: this.#started, holdUntil: this.#holdUntil }
    this.#outcomes = []
    this.#started = []
    this.#holdUntil = 0
    return all
  }

  /** It was said, and is not done. */
  giveBack({ outcomes, started, holdUntil }: Exchange): void {
    this.#outcomes = [...outcomes, ...this.#outcomes]
    this.#started = [...started, ...this.#started]
    this.hold(holdUntil)
  }

  /** What ended counts for nothing any more. */
  forgetOutcomes(): void {
    this.#outcomes = []
    this.#putOff = []
  }
}
