/**
 * Choices made by a list of whole numbers, as any generator makes them: each choice takes one, and when none is left it is
 * always the first. So shorter lists and smaller numbers make simpler choices, and a failure shrinks to a simple one.
 */
export class Choices {
  readonly #numbers: readonly number[]
  #at = 0

  constructor(numbers: readonly number[]) {
    this.#numbers = numbers
  }

  below(n: number): number {
    return (this.#numbers[this.#at++] ?? 0) % n
  }

  of<T>(options: readonly T[]): T {
    return options[this.below(options.length)]!
  }
}
