import { checkCapacity } from './capacity.ts'
import { type Backlog, Permits } from './permits.ts'

/**
 * So many at once, and no more: whoever wants a place waits until there is one, first come first served. How many there
 * are can be changed at any time.
 *
 * @example
 * const clock = new ManualClock()
 * const connections = new DeferredSemaphore(2)
 * const answers = gatherResults([1, 2, 3].map((n) => connections.run(() => sleep(clock, 10, n))))
 * const busy = [connections.held, connections.waiting] // busy is [2, 1]
 * connections.resize(3)
 * clock.advance(10)
 * const all = await answers // all is [1, 2, 3]
 */
export class DeferredSemaphore extends Permits {
  /**
   * @param tokens how many places there are
   * @param options `backlog`: how many may wait for a place
   * @throws RangeError ERR_INVALID_SIZE unless these are whole numbers, zero or more
   */
  constructor(tokens: number, options: Backlog = {}) {
    super(tokens, options)
  }

  /** How many places there are. */
  get tokens(): number {
    return this._tokens
  }

  /** How many are held; more than {@link tokens} for a while after there were made fewer. */
  get held(): number {
    return this._held
  }

  /**
   * Changes how many places there are, at once: those who wait get the new ones, and those who hold what is one too many
   * keep it until they release it.
   *
   * @throws RangeError ERR_INVALID_SIZE unless `tokens` is a whole number, zero or more
   */
  resize(tokens: number): void {
    this._tokens = checkCapacity(tokens, 'A number of tokens')
    this._serve()
  }
}
