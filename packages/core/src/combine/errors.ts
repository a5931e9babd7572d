import { PotorooError } from '../errors.ts'
import type { Failure } from '../deferred/failure.ts'

/** A member of a list failed, and that decided it. */
export class FirstError extends PotorooError {
  override readonly name = 'FirstError'
  /** Which member it was. */
  readonly index: number
  readonly failure: Failure

  constructor(index: number, failure: Failure) {
    super('ERR_FIRST_ERROR', `Member ${index} failed; see failure for why`, { cause: failure.value })
    this.index = index
    this.failure = failure
  }
}

/** All members failed where one success would have done. Its cause is the first member's. */
export class FailureGroup extends PotorooError {
  override readonly name: string = 'FailureGroup'
  /** In member order. */
  readonly failures: readonly Failure[]

  constructor(
    failures: readonly Failure[],
    message = `All ${failures.length} members failed; see failures for why`,
    code = 'ERR_ALL_FAILED',
  ) {
    super(code, message, failures.length === 0 ? undefined : { cause: failures[0]?.value })
    this.failures = failures
  }
}

/** All commands of a {@link ParallelCommandExecutor} failed. */
export class ParallelCommandError extends FailureGroup {
  override readonly name = 'ParallelCommandError'

  constructor(failures: readonly Failure[]) {
    super(failures, `All ${failures.length} commands failed; see failures for why`, 'ERR_ALL_COMMANDS_FAILED')
  }
}
