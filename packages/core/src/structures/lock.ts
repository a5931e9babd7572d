import { type Backlog, Permits } from './permits.ts'

/**
 * One at a time, first come first served: a semaphore with one place. It knows no owner: who holds it and waits for it
 * waits for ever.
 *
 * @example
 * const lock = new DeferredLock()
 * const turns: string[] = []
 * const [slow, fast] = [sleep(20, 'slow'), sleep(1, 'fast')]
 * const first = lock.run(() => slow.addCallback((name) => turns.push(name)))
 * const second = lock.run(() => fast.addCallback((name) => turns.push(name)))
 * await gatherResults([first, second]) // turns is ['slow', 'fast']
 */
export class DeferredLock extends Permits {
  /**
   * @param options `backlog`: how many may wait for it
   * @throws RangeError ERR_INVALID_SIZE unless that is a whole number, zero or more
   */
  constructor(options: Backlog = {}) {
    super(1, options)
  }

  /** Whether somebody holds it. */
  get locked(): boolean {
    return this._held > 0
  }
}
