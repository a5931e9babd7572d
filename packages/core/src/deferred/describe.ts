/** A value in a few words, whatever it is: a thrown object may have no prototype, or a `toString` that throws. */
export function describe(value: unknown): string {
  try {
    return typeof value === 'string' ? JSON.stringify(value) : String(value)
  } catch {
    return Object.prototype.toString.call(value)
  }
}
