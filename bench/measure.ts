/** One side of a comparison: does the same work as the others, and gives a figure. */
export interface Contender {
  readonly name: string
  readonly run: () => Promise<number> | number
}

/** One line of the table: what we reach, what the peers reach in the same run, and what we set out to reach. */
export interface Row {
  readonly what: string
  readonly unit: string
  readonly ours: number
  readonly peers: readonly { readonly name: string; readonly value: number }[]
  readonly target: string
  /** Null where the target names a peer that was not measured. */
  readonly met: boolean | null
}

/**
 * Runs all contenders in turn, A B C, B C A, C A B, …, so that a machine whose speed drifts is unfair to none, nor is what one leaves
 * behind in memory to the next, after one round that does not count. Gives the median of each.
 */
export async function interleaved(contenders: readonly Contender[], rounds = 5): Promise<Map<string, number>> {
  const figures = new Map<string, number[]>(contenders.map(({ name }) => [name, []]))
  for (let round = 0; round <= rounds; round++) {
    for (let i = 0; i < contenders.length; i++) {
      const { name, run } = contenders[(round + i) % contenders.length]!
      globalThis.gc?.()
      const figure = await run()
      if (round > 0) figures.get(name)!.push(figure)
    }
  }
  return new Map([...figures].map(([name, all]) => [name, median(all)]))
}

/** So many in the time since `start`, by the second. */
export function perSecond(count: number, start: number): number {
  return (count / (performance.now() - start)) * 1_000
}

export function median(figures: readonly number[]): number {
  const sorted = figures.toSorted((a, b) => a - b)
  return sorted[sorted.length >> 1] ?? NaN
}
