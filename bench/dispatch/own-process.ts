import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Contender } from '../measure.ts'
import { type Contest, CONTESTS } from './contenders.ts'

/**
 * The contenders of a contest, each in a process of its own, as a program has one queue and not all of them: what the compiler has learnt
 * from one is of no use to another, and harms none. Between two runs they stand still.
 */
export class OwnProcesses implements Disposable {
  readonly #children: ReadonlyMap<string, ChildProcess>

  private constructor(children: ReadonlyMap<string, ChildProcess>) {
    this.#children = children
  }

  static async start(contest: Contest): Promise<OwnProcesses> {
    const program = fileURLToPath(new URL('./contender.ts', import.meta.url))
    const children = new Map<string, ChildProcess>()
    for (const name of Object.keys(CONTESTS[contest])) {
      const child = fork(program, [contest, name], { execArgv: ['--expose-gc'] })
      children.set(name, child)
      await once(child, 'message')
    }
    return new OwnProcesses(children)
  }

  /** Their figure is for so many jobs: the median of so many times. */
  contenders(jobs: number, times = 1): Contender[] {
    return [...this.#children].map(([name, child]) => ({
      name,
      async run() {
        child.send([jobs, times])
        const [figure] = (await once(child, 'message')) as [number]
        return figure
      },
    }))
  }

  [Symbol.dispose](): void {
    for (const child of this.#children.values()) child.kill()
  }
}
