/** What a command ends with. */
export const STATUS = { done: 0, failed: 1, usage: 2 } as const

/** A command cannot be done as it was given: the message says why, and what to do, in one or two sentences. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly code: string
  readonly status: number

  constructor(code: string, message: string, status: number = STATUS.failed) {
    super(message)
    this.code = code
    this.status = status
  }
}

/** The command line itself is wrong. */
export class UsageError extends CommandError {
  constructor(code: string, message: string) {
    super(code, message, STATUS.usage)
  }
}
