/** How many random programs a property is tried with: POTOROO_RUNS, or as many as take a second or two. */
export function runs(usual = 1000): { numRuns: number; seed?: number } {
  const { POTOROO_RUNS, POTOROO_SEED } = process.env
  return {
    numRuns: Number(POTOROO_RUNS ?? usual),
    ...(POTOROO_SEED === undefined ? {} : { seed: Number(POTOROO_SEED) }),
  }
}

/** Milliseconds that so many may take on a machine that is busy. */
export const patience = 30_000 + 30 * runs().numRuns
