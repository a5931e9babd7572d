/** A failure that is the reader's to mend: its message is all there is to print. */
export class Problem extends Error {}

/**
 * Says one thing on one line, on stderr: stdout belongs to the command that npm runs next.
 *
 * @param {string} line
 */
export const say = (line) => void process.stderr.write(`Potoroo: ${line}\n`)
