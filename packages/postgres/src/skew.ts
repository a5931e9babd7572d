/** Clocks that differ by less, in milliseconds, are taken for one: for what has its time to the second, that is as good. */
const TOLERANCE = 1_000

/** By how much the time of day of this process is ahead of the server's. */
export class Skew {
  /** In milliseconds; 0 if they agree. */
  ms = 0

  /**
   * The server's time, read at some moment between two readings of this process's. However long an answer took, and for
   * however long this process stood still, only what cannot be is corrected.
   */
  note(before: number, theirs: number, after: number): void {
    const least = before - theirs - TOLERANCE
    const most = after - theirs + TOLERANCE
    if (this.ms < least || this.ms > most) this.ms = Math.round((before + after) / 2 - theirs)
  }
}
