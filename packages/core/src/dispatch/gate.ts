import type { Clock } from '../clock.ts'
import { type Rates, SlidingWindow } from './rate.ts'

/** A queue's rate: lets starts through as it allows, and with its one timer says when it will allow the next. */
export class Gate {
  /** What is kept now; `undefined` lets everything through. */
  rate: Rates | undefined = undefined
  /** There once a rate was set, and then kept: what it remembers counts under a later rate. */
  #window: SlidingWindow | undefined
  readonly #clock: Clock
  readonly #now: () => number
  readonly #opened: () => void
  #timer: unknown
  /** When the timer rings. */
  #rings: number | undefined

  /**
   * @param now the time, by which `take` and `await` go too
   * @param opened called when a start is allowed that {@link await} asked for
   */
  constructor(clock: Clock, now: () => number, opened: () => void) {
    this.#clock = clock
    this.#now = now
    this.#opened = () => {
      this.#rings = undefined
      opened()
    }
  }

  /** @throws RangeError ERR_INVALID_RATE */
  setRate(rate: Rates | undefined): void {
    if (rate === undefined) {
      this.rate = undefined
      return
    }
    if (this.#window === undefined) this.#window = new SlidingWindow(rate)
    else this.#window.setRate(rate, this.#now())
    this.rate = this.#window.rate
  }

  /** Asks for a start at `now`. */
  take(now: number): boolean {
    return this.rate === undefined || (this.#window as SlidingWindow).take(now)
  }

  /** For trying out when starts to come are allowed; `undefined` if there is no rate. */
  copyWindow(): SlidingWindow | undefined {
    return this.rate === undefined ? undefined : this.#window?._copy()
  }

  /** Sets the timer, after `take` said no. */
  await(now: number): void {
    const time = (this.#window as SlidingWindow).nextTime(now)
    if (this.#rings === time) return
    this.forget()
    this.#rings = time
    this.#timer = this.#clock.setTimeout(this.#opened, time - now)
  }

  /** Takes the timer down, if there is one. */
  forget(): void {
    if (this.#rings === undefined) return
    this.#rings = undefined
    this.#clock.clearTimeout(this.#timer)
    this.#timer = undefined
  }
}
