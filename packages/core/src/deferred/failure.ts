/** A class of errors, or any class at all: what {@link Failure.check} compares with. */
export type ErrorType<E = unknown> = abstract new (...args: never[]) => E

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
  /** What was thrown. */
  readonly value: E

  constructor(value: E) {
    this.value = value
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

/** A value in a few words, whatever it is: a thrown object may have no prototype, or a `toString` that throws. */
export function describe(value: unknown): string {
  try {
    return typeof value === 'string' ? JSON.stringify(value) : String(value)
  } catch {
    return Object.prototype.toString.call(value)
  }
}
