import { type Clock, systemClock } from '../clock.ts'
import { type Deferred, fail } from '../deferred/deferred.ts'
import { Failure } from '../deferred/failure.ts'
import { checkTime } from '../deferred/limits.ts'
import { HANDLE } from '../deferred/tap.ts'
import type { Awaitable } from '../deferred/types.ts'
import { usageError } from '../errors.ts'
import { Combination } from './combine.ts'
import { ParallelCommandError } from './errors.ts'
import type { Indexed } from './types.ts'

/** For {@link ParallelCommandExecutor}. */
export interface ParallelOptions {
  /**
   * How long a command is waited for, in milliseconds, before the next one is started as well (a hedged request); or a
   * function that is given how many have been started. All are started at once unless this is given.
   */
  readonly hedgeAfter?: number | ((started: number) => number) | undefined
  readonly clock?: Clock | undefined
}

type Command<A extends unknown[], R> = (...args: A) => Awaitable<R>

/**
 * Several ways to get one answer. The first that succeeds wins, and the others are cancelled.
 *
 * @example
 * const clock = new ManualClock()
 * const lookUp = new ParallelCommandExecutor<[name: string], string>({ hedgeAfter: 100, clock })
 * lookUp.register(() => new Deferred<string>()).register((name) => `${name}, from the second`)
 * const answer = lookUp.execute('Ada')
 * clock.advance(100)
 * const got = await answer // got is 'Ada, from the second'
 */
export class ParallelCommandExecutor<A extends unknown[], R> {
  private readonly commands: Command<A, R>[] = []
  private readonly hedgeAfter: number | ((started: number) => number) | undefined
  private readonly clock: Clock

  /** @throws RangeError ERR_INVALID_TIME if `hedgeAfter` is negative or not a number */
  constructor({ hedgeAfter, clock = systemClock }: ParallelOptions = {}) {
    if (hedgeAfter !== undefined && typeof hedgeAfter !== 'function') checkTime(hedgeAfter, 'hedgeAfter')
    this.hedgeAfter = hedgeAfter
    this.clock = clock
  }

  /**
   * Adds a command, for later calls of {@link execute}.
   *
   * @throws TypeError ERR_NOT_A_FUNCTION if it is none
   */
  register(command: (...args: A) => Awaitable<R>): this {
    if (typeof command !== 'function') {
      throw usageError(TypeError, 'ERR_NOT_A_FUNCTION', 'A command is a function, which execute calls with its arguments')
    }
    this.commands.push(command)
    return this
  }

  /**
   * Calls the commands with `args`, in order of registration: all now, or each after the wait; a command is called at once
   * when all those before it have failed, and no more are called when one has succeeded. Fires with the first success.
   * A command that throws has failed. Cancelling it cancels those underway, and the wait; it then fails with CancelledError,
   * unless one of them comes up with a value, or all have failed otherwise.
   *
   * Fails with: ParallelCommandError ERR_ALL_COMMANDS_FAILED, whose `failures` are in order of registration; what
   * `hedgeAfter` threw, or a RangeError ERR_INVALID_TIME for what it returned.
   *
   * @throws RangeError ERR_NO_COMMANDS if none is registered
   */
  execute(...args: A): Deferred<R> {
    if (this.commands.length === 0) {
      throw usageError(RangeError, 'ERR_NO_COMMANDS', 'There is no command to execute: register one first')
    }
    return run([...this.commands], args, this.hedgeAfter, this.clock)
  }
}

function run<A extends unknown[], R>(
  commands: readonly Command<A, R>[],
  args: A,
  hedgeAfter: number | ((started: number) => number) | undefined,
  clock: Clock,
): Deferred<R> {
  const failures: Failure[] = []
  let started = 0
  let failed = 0
  let timer: unknown
  const stopWaiting = (): void => {
    if (timer !== undefined) clock.clearTimeout(timer)
    timer = undefined
  }
  const combination: Combination<R, Indexed<R>> = new Combination({
    handling: HANDLE,
    cancelLosers: true,
    onCancel: stopWaiting,
    decide(firing) {
      if (firing.success) {
        stopWaiting()
        return { index: firing.index, value: firing.value }
      }
      failures[firing.index] = firing.failure
      failed++
      if (failed === commands.length) return new Failure<unknown>(new ParallelCommandError(failures))
      if (failed === started && !combination.cancelled) goOn()
      return undefined
    },
  })
  const start = (): void => {
    const command = commands[started++] as Command<A, R>
    let answer: Awaitable<R>
    try {
      answer = command(...args)
    } catch (error) {
      answer = fail<R>(error)
    }
    combination.observer.append(answer)
  }
  const wait = (): void => {
    try {
      const ms = typeof hedgeAfter === 'function' ? hedgeAfter(started) : (hedgeAfter as number)
      checkTime(ms, 'hedgeAfter')
      if (ms !== Infinity) timer = clock.setTimeout(goOn, ms)
    } catch (error) {
      combination.finish(new Failure(error))
    }
  }
  // Commands that fail at once follow each other here, and not inside each other.
  let going = false
  const goOn = (): void => {
    if (going) return
    going = true
    combination.hold(() => {
      do {
        stopWaiting()
        start()
      } while (!isOver() && started < commands.length && (hedgeAfter === undefined || failed === started))
    })
    going = false
    if (!isOver() && started < commands.length && timer === undefined) wait()
  }
  const isOver = (): boolean => combination.over || combination.cancelled
  goOn()
  return combination.result.addCallback(({ value }) => value) as Deferred<R>
}
