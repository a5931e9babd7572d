import { SingleBar } from 'cli-progress'

/** The code of a command line that is wrong in its words: of these, people need no code. */
export const USAGE = 'ERR_USAGE'

/** What a command says: results on standard output, for people or, with --json, for programs; all else on standard error. */
export class Output {
  readonly #json: boolean
  #bar: SingleBar | undefined

  constructor(json: boolean) {
    this.#json = json
  }

  /** The result: a sentence for people, one JSON document for programs. */
  result(sentence: string, document: object): void {
    this.end()
    process.stdout.write(this.#json ? `${JSON.stringify(document)}\n` : `${sentence}\n`)
  }

  /** How far it is: on a terminal only. */
  progress(title: string, done: number, total: number, note = ''): void {
    if (this.#json || !process.stderr.isTTY) return
    if (this.#bar === undefined) {
      this.#bar = new SingleBar({
        format: '{title} {bar} {value} of {total} {note}',
        stream: process.stderr,
        clearOnComplete: true,
        hideCursor: true,
      })
      this.#bar.start(total, done, { title, note })
    }
    this.#bar.setTotal(Math.max(total, 1))
    this.#bar.update(done, { title, note })
  }

  /** Why it could not be done. */
  fail(code: string, message: string): void {
    this.end()
    process.stderr.write(code === USAGE ? `potoroo: ${message}\n` : `potoroo: ${message} (${code})\n`)
    if (this.#json) process.stdout.write(`${JSON.stringify({ error: { code, message } })}\n`)
  }

  /** Takes the progress off the screen. */
  end(): void {
    this.#bar?.stop()
    this.#bar = undefined
  }
}
