import type { JobState, Rate } from '@potoroo/queue'
import { openSync, readFileSync, writeSync } from 'node:fs'
import type { Kind } from './handlers.ts'

/** What a worker writes down. `at` is the time of day, which jumps for nobody: the worker's own clock may. */
export type LogLine =
  /** A put was acknowledged. */
  | { readonly type: 'put'; readonly at: number; readonly id: string; readonly kind: Kind }
  | { readonly type: 'refused'; readonly at: number; readonly code: string }
  /** A handler was called, for an attempt that was claimed at `claimed` by the worker's clock. */
  | {
      readonly type: 'start'
      readonly at: number
      readonly id: string
      readonly token: string
      readonly attempt: number
      readonly claimed: number
      readonly runAt: number
    }
  /** It has really ended. */
  | { readonly type: 'end'; readonly at: number; readonly id: string; readonly token: string }
  /** A job was heard to be over. */
  | { readonly type: 'over'; readonly at: number; readonly id: string; readonly state: JobState; readonly result: string | null }
  /** What the worker goes by from now on. */
  | { readonly type: 'limits'; readonly at: number; readonly width: number; readonly rate: Rate | null }
  | { readonly type: 'warning'; readonly at: number; readonly code: string | null; readonly message: string }
  /** For so long nothing else will happen in this process. */
  | { readonly type: 'blocked'; readonly at: number; readonly ms: number }
  /** It is about to end itself. */
  | { readonly type: 'dying'; readonly at: number }

type WithoutTime<T> = T extends unknown ? Omit<T, 'at'> : never

/** A file of lines, each written with one call: what was written survives `kill -9`. */
export class Log {
  readonly #file: number

  constructor(path: string) {
    this.#file = openSync(path, 'a')
  }

  write(line: WithoutTime<LogLine>): void {
    writeSync(this.#file, `${JSON.stringify({ at: Date.now(), ...line })}\n`)
  }
}

export function readLog(path: string): LogLine[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as LogLine)
}
