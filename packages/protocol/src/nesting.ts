/** How deep an argument may be nested: what goes deeper overflows the stack of those who write or read it. */
export const MAX_NESTING = 500

/** Whether a JSON value is nested no deeper than `limit`. Without recursion, for the same reason. */
export function nestsWithin(value: unknown, limit: number): boolean {
  let level: unknown[] = [value]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > limit) return false
    level = level.flatMap((each) => (typeof each === 'object' && each !== null ? Object.values(each) : []))
  }
  return true
}
