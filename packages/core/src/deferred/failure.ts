import { withoutStack } from './without-stack.ts'
import { CancelledError } from '../errors.ts'
import { describe } from './describe.ts'

/** A class of errors, or any class at all: what {@link Failure.check} compares with. */
export type ErrorType<E = unknown> = abstract new (...args: never[]) => E

/**
 * Stands for a CancelledError that nobody has looked at yet: making an Error costs more than cancelling does, and most
 * cancelled deferreds are never asked why.
 */
export class Cancellation {
  readonly reason: unknown

  constructor(reason: unknown) {
    this.reason = reason
  }

  toError(): CancelledError {
    return new CancelledError(this.reason)
  }
}

/**
 * A value that says "this went wrong", as it travels down a chain: it wraps whatever was thrown, so that even a thrown
 * `undefined` is told apart from a result.
 *
 * @example
 * const failure = new Failure(new RangeError('too big'))
 * failure.check(TypeError, RangeError) // RangeError
 * failure.check(TypeError) // undefined
 */
export class Failure<E = unknown> {
  /** @internal */ _value: E | Cancellation

  /** @param value what was thrown, whatever it is */
  constructor(value: E) {
    this._value = value
  }

  /** What was thrown. */
  get value(): E {
    const value = this._value
    if (!(value instanceof Cancellation)) return value
    const error = withoutStack(() => value.toError()) as E
    this._value = error
    return error
  }

  /** The first of `types` that the value is an instance of, or `undefined`. */
  check<Types extends readonly ErrorType[]>(...types: Types): Types[number] | undefined {
    for (const type of types) if (this.value instanceof type) return type
    return undefined
  }

  /**
   * The first of `types` that the value is an instance of.
   *
   * @throws this very Failure if none matches: inside an errback it goes on down the chain as it was
   *
   * @example
   * fail(new RangeError('far out'))
   *   .addErrback((failure) => {
   *     failure.trap(RangeError)
   *     return 'near enough'
   *   })
   *   .addCallback((value) => value.length) // fires with 11
   */
  trap<Types extends readonly ErrorType[]>(...types: Types): Types[number] {
    const type = this.check(...types)
    if (type === undefined) throw this
    return type
  }

  toString(): string {
    return `[Failure: ${describe(this.value)}]`
  }
}

/** The failure of a deferred that is cancelled now; its error is made when somebody looks at it. */
export function cancellation(reason: unknown): Failure {
  return new Failure<unknown>(new Cancellation(reason))
}

/** Why it was cancelled, if the failure is a cancellation by us; does not make its error. */
export function cancelledBecause(failure: Failure): { readonly reason: unknown } | undefined {
  const value = failure._value
  if (value instanceof Cancellation) return value
  return value instanceof CancelledError ? { reason: value.cause } : undefined
}

/**
 * What a deferred fails with for what was thrown: a Failure is never wrapped twice. Of what cannot even be looked at (a revoked
 * proxy), it is what comes of trying: whoever is given the failure must be able to look at it.
 */
export function toFailure(reason: unknown): Failure {
  if (typeof reason !== 'object') return new Failure(reason)
  try {
    return reason instanceof Failure ? reason : new Failure<unknown>(reason)
  } catch (error) {
    return new Failure(error)
  }
}
